# Reads gcov -b -c files of src/ and prints lines and branches of each file and room, what is excluded and why,
# and with -v missing=FILE writes there what was not met. Ends with 1 when a room misses its aim: every line of
# base and netlist, 95 % of the branches elsewhere. Left out is what stands on a line with
# "LCOV_EXCL_LINE: reason" or from "LCOV_EXCL_START: reason" to "LCOV_EXCL_STOP".
FNR == 1 {
    file = FILENAME
    sub(/.*src#/, "", file)
    sub(/\.gcov$/, "", file)
    gsub(/#/, "/", file)
    room = file
    sub(/\/.*/, "", room)
    files[++count] = file
    excluded = instance = 0
}
# A function that was compiled more than once (target_clones) is shown again, clone by clone.
/^-+$/ { dashes = 1; next }
dashes { dashes = 0; instance = /^[A-Za-z_][A-Za-z0-9_.]*:$/; if (instance) next }
instance { next }
/^ *[-0-9#=*]+: *[0-9]+:/ {
    split($0, part, ":")
    hits = part[1]
    gsub(/ /, "", hits)
    line = part[2] + 0
    text = $0
    sub(/^[^:]*:[^:]*:/, "", text)
    one = text ~ /LCOV_EXCL_LINE/
    if (text ~ /LCOV_EXCL_START/) excluded = 1
    if (one || text ~ /LCOV_EXCL_START/) {
        reason = text
        sub(/.*LCOV_EXCL_(LINE|START): */, "", reason)
        sub(/ *\*\/.*/, "", reason)
        reasons[++left_out] = file ":" line ": " reason
    }
    skip = excluded || one
    if (text ~ /LCOV_EXCL_STOP/) excluded = 0
    if (hits == "-" || skip) next
    lines[file]++
    if (hits ~ /^[0-9]/) met[file]++
    else if (missing != "") print file ":" line ": line " text >missing
    next
}
/^branch/ && !skip {
    branches[file]++
    if ($3 == "taken" && $4 > 0) taken[file]++
    else if (missing != "") print file ":" line ": branch " $2 " " text >missing
}
function show(name, l, m, b, t) {
    printf "%-32s lines %6.2f %% of %5d   branches %6.2f %% of %5d\n", name, l ? 100 * m / l : 100, l,
        b ? 100 * t / b : 100, b
}
END {
    for (k = 1; k <= count; k++) {
        f = files[k]
        r = f
        sub(/\/.*/, "", r)
        if (!(r in room_lines)) order[++rooms] = r
        room_lines[r] += lines[f]; room_met[r] += met[f]
        room_branches[r] += branches[f]; room_taken[r] += taken[f]
        show(f, lines[f], met[f], branches[f], taken[f])
    }
    print "\nleft out:"
    for (k = 1; k <= left_out; k++) print "  " reasons[k]
    print ""
    for (k = 1; k <= rooms; k++) {
        r = order[k]
        show(r, room_lines[r], room_met[r], room_branches[r], room_taken[r])
        if (r == "base" || r == "netlist" ? room_met[r] < room_lines[r] : room_taken[r] < 0.95 * room_branches[r]) {
            print r " misses its aim"
            bad = 1
        }
    }
    exit bad
}
