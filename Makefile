# eqspice: `make demo` shows the main job, `make check` runs the tests. Both install what is missing first
# (tools/install-deps, Debian packages). BUILD=folder keeps several builds apart.
BUILD   ?= build
# V=1 shows the commands; JOBS=1 compiles one file at a time.
JOBS    ?= $(shell nproc)
Q       := $(if $(V),,@)
CC      ?= gcc
OPT     ?= -O3 -g
WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS  ?= $(OPT)
ALLFLAGS = -std=c17 -fPIC -fvisibility=hidden -Isrc -Itests -I/usr/include/suitesparse -I/usr/include/libxml2 \
           $(WARN) -MMD -MP $(CFLAGS)
# The numeric libraries are linked in: a shared OpenBLAS starts threads that nobody here asks for, and loading it
# takes most of the time of a small deck.
ARCHIVES := sundials_kinsol sundials_sunlinsolklu sundials_sunmatrixsparse sundials_nvecserial sundials_generic \
            klu btf cholmod amd colamd ccolamd camd
# What the shared library needs: Debian's archives are not position independent.
SHARED  := $(filter-out sundials_generic,$(ARCHIVES)) openblas suitesparseconfig gomp z minizip sqlite3 pthread m
LIBS    := $(ARCHIVES:%=-l:lib%.a) $(wildcard /usr/lib/*/openblas-pthread/libopenblas.a) \
           -lsuitesparseconfig -lmetis -l:libgomp.so.1 -lz -lminizip -l:libsqlite3.a -lpthread -ldl -lm

LIB_SRC  := $(filter-out src/cli/%,$(wildcard src/*/*.c src/*/*/*.c))
CLI_SRC  := $(wildcard src/cli/*.c)
TEST_SRC := $(wildcard tests/*/check_*.c) $(wildcard tests/support/*.c) $(wildcard tests/trust/memory_*.c) \
            $(wildcard tests/fuzz/read_*.c) tests/fuzz/file.c
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/schemas.o $(BUILD)/page.o
CLI_OBJ  := $(CLI_SRC:%.c=$(BUILD)/%.o)
TEST_OBJ := $(TEST_SRC:%.c=$(BUILD)/%.o) $(BUILD)/tests/main.o
# Every tests/ROOM/check_TOPIC.c defines `Suite *TOPIC_suite(void)`.
BENCH_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/*.c))
SUITES   := $(patsubst check_%,%,$(basename $(notdir $(wildcard tests/*/check_*.c))))

# MPI=1 also builds $(BUILD)/mpi/eqspice, for mpirun: the same objects with base/comm.c over MPI.
MPIEXE   := $(BUILD)/mpi/eqspice
PROGRAMS := $(BUILD)/eqspice $(if $(MPI),$(MPIEXE))

.PHONY: all deps check check-python bench demo sanitize tsan valgrind coverage clang check-long fuzz mutate lint print-libs docs deb clean install uninstall format format-check
all: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(PROGRAMS)

# NODEPS=1: whoever calls has seen to the packages.
deps:
	@$(if $(NODEPS),:,tools/install-deps $(if $(MPI),--mpi))

# Numeric kernels: vectorised, and compiled for several instruction sets by attributes in the source.
$(BUILD)/src/model/layered%.o: CFLAGS += -fno-math-errno -fno-trapping-math -ffp-contract=fast
$(BUILD)/src/solver/inexact.o $(BUILD)/src/model/optimizer.o: CFLAGS += -fno-math-errno -fno-trapping-math

# libxml2 is loaded when the first XML document is read, by the name that a program linked with it would keep.
$(BUILD)/src/netlist/xml/libxml.o: ALLFLAGS += -DEQ_LIBXML='"$(shell readelf -d "$$($(CC) -print-file-name=libxml2.so)" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"'

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(ALLFLAGS) -c $< -o $@

# schemas/NAME.xsd becomes eq_schema_NAME (src/netlist/xml/xml.h).
SCHEMAS  := $(wildcard schemas/*.xsd)
$(BUILD)/schemas.c: $(SCHEMAS) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "netlist/xml/xml.h"'; for f in $(SCHEMAS); do n=$$(basename $$f .xsd); \
	   echo "static const unsigned char $${n}_text[] = {"; \
	   od -An -v -tx1 $$f | sed 's/ \(..\)/0x\1,/g'; echo '};'; \
	   echo "const eq_schema eq_schema_$$n = {\"$$n.xsd\", $${n}_text, sizeof $${n}_text};"; done; } > $@

# src/report/page/page.css and page.js become eq_page_css and eq_page_js (src/report/page/page.h).
PAGE     := src/report/page/page.css src/report/page/page.js
$(BUILD)/page.c: $(PAGE) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "report/page/page.h"'; for f in $(PAGE); do \
	   echo "const char eq_page_$${f##*.}[] = {"; \
	   od -An -v -tx1 $$f | sed 's/ \(..\)/0x\1,/g'; echo '0};'; done; } > $@

$(BUILD)/schemas.o $(BUILD)/page.o: $(BUILD)/%.o: $(BUILD)/%.c
	$(if $(V),,@echo "  CC  $<")
	$(Q)$(CC) $(ALLFLAGS) -c $< -o $@

# The library as the program and the tests link it, with all its inner names.
$(BUILD)/libinner.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)ar qcs $@ $^

# What is installed: eqspice.h's names alone, the others are hidden (shared) or local (static).
SONAME  := libeqspice.so.0
$(BUILD)/libeqspice.so: $(LIB_OBJ)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs $(CFLAGS) $^ $(LDFLAGS) $(SHARED:%=-l%) -o $@

$(BUILD)/libeqspice.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)$(LD) -r $^ -o $(BUILD)/whole.o
	$(Q)objcopy --localize-hidden $(BUILD)/whole.o
	$(Q)ar rcs $@ $(BUILD)/whole.o

$(BUILD)/eqspice.pc: tools/eqspice.pc.in Makefile src/eqspice.h
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@PRIVATE@|$(SHARED:%=-l%)|' $< >$@

$(BUILD)/eqspice: $(CLI_OBJ) $(BUILD)/libinner.a
	$(Q)$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LIBS) -o $@

$(BUILD)/mpi/comm.o: src/base/comm.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC  $< (MPI)")
	$(Q)$(CC) $(ALLFLAGS) -DEQ_MPI $(shell mpicc --showme:compile) -c $< -o $@

$(MPIEXE): $(CLI_OBJ) $(BUILD)/mpi/comm.o $(BUILD)/libinner.a
	$(Q)$(CC) $(CFLAGS) $^ $(LDFLAGS) $(shell mpicc --showme:link) $(LIBS) -o $@

$(BUILD)/tests/main.c: Makefile $(TEST_SRC)
	@mkdir -p $(@D)
	@{ echo '#include <check.h>'; echo '#include <stdlib.h>'; \
	   for s in $(SUITES); do echo "Suite *$${s}_suite(void);"; done; \
	   echo 'int main(void) {'; \
	   echo '    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* s: a busy machine fails no test */'; \
	   echo '    SRunner *r = srunner_create(NULL);'; \
	   for s in $(SUITES); do echo "    srunner_add_suite(r, $${s}_suite());"; done; \
	   echo '    srunner_run_all(r, CK_ENV);'; echo '    int failed = srunner_ntests_failed(r);'; \
	   echo '    srunner_free(r);'; echo '    return failed == 0 ? 0 : 1;'; echo '}'; } > $@

$(BUILD)/tests/main.o: $(BUILD)/tests/main.c
	$(Q)$(CC) -std=c17 -D_POSIX_C_SOURCE=200809L -c $< -o $@

# Libraries of compiled models for tests: of two versions, and without one of their symbols.
OSDI := $(foreach v,3-0 4-0 4-1 4-2 4-3,$(BUILD)/osdi/models-$(v).osdi)
$(BUILD)/osdi/models-%.osdi: tests/osdi/models.c src/devices/osdi/abi.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -D_DEFAULT_SOURCE $(WARN) -O2 -g -fPIC -fvisibility=hidden -Isrc -DMINOR=$(firstword $(subst -, ,$*)) \
	    -DLACKS=$(lastword $(subst -, ,$*)) -shared $< -o $@ -lm

$(BUILD)/run-tests: $(TEST_OBJ) $(BUILD)/src/cli/runtime.o $(BUILD)/libinner.a | $(OSDI)
	$(Q)$(CC) $(CFLAGS) $^ $(LDFLAGS) -lcheck -lsubunit -lrt -lgmp $(LIBS) -o $@

# Preloaded into the program by tests/trust/check_crash.c.
$(BUILD)/faults.so: tests/trust/faults.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c17 $(WARN) -O2 -shared -fPIC $< -o $@

check:
	@tools/install-deps --mpi
	@$(MAKE) --no-print-directory -j$(JOBS) MPI=1 $(BUILD)/eqspice $(MPIEXE) $(BUILD)/run-tests $(BUILD)/run-bench $(BUILD)/faults.so $(BUILD)/libeqspice.so
	tools/check-includes
	tools/check-classes
	tools/check-docs
	tools/check-size
	@if command -v clang-format-14 >/dev/null; then $(MAKE) --no-print-directory format-check; \
	 else echo "skipped: format-check (no clang-format-14)"; fi
	@$(MAKE) --no-print-directory check-python
	@if tools/install-deps --docs --missing >/dev/null; then tools/build-docs $(BUILD); \
	 else echo "skipped: make docs ($$(tools/install-deps --docs --missing | tr '\n' ' ')missing)"; fi
	@JOBS=$(JOBS) tools/run-suites $(BUILD)

# The package of python/ over the library of this build, with Debian's interpreter, which has numpy and pytest.
PYTHON  ?= /usr/bin/python3
WITH_PYTHON = PYTHONPATH=$(abspath python) EQSPICE_LIBRARY=$(abspath $(BUILD))/libeqspice.so
check-python: $(BUILD)/libeqspice.so
	$(WITH_PYTHON) $(PYTHON) -B -m pytest -q -rs -p no:cacheprovider python/tests

# The main job on Iris, start to end; DEMO=sine or DEMO=digits: on those.
DEMO ?= iris
demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/eqspice
	@EQSPICE=$(BUILD)/eqspice tools/demo $(BUILD)/demo $(DEMO)

# Every figure with its reference, measured in one run; build/bench.json. ONLY="kendall grids" measures a part.
bench: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/eqspice $(BUILD)/run-bench $(BUILD)/libeqspice.so
	$(WITH_PYTHON) PYTHON=$(PYTHON) EQSPICE=$(BUILD)/eqspice $(BUILD)/run-bench $(BUILD)/bench.json $(ONLY)

$(BUILD)/run-bench: $(BENCH_OBJ) $(BUILD)/src/cli/runtime.o $(BUILD)/libinner.a
	$(Q)$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LIBS) -o $@

# What `make check` has no time for: the scripts say what each does. FUZZ_RUNS executions for each reader.
sanitize tsan valgrind coverage clang:
	@tools/install-deps --mpi --long
	tools/trust $@
check-long:
	@tools/install-deps --mpi --long --docs --deb
	tools/trust long
fuzz:
	@tools/install-deps --long
	tools/fuzz
# N changed sources, drawn by SEED, against the suites: `make mutate N=200 SEED=1`.
mutate: deps
	tools/mutate
lint:
	tools/lint
print-libs:
	@echo $(LIBS)

# The pages, the manual page and the references as a site that opens from file://: build/site/index.html.
docs:
	@tools/install-deps --docs
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/libeqspice.so
	tools/build-docs $(BUILD)

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
# Where Debian's interpreter looks: below /usr for all of its versions, elsewhere for its own.
PYTHONDIR ?= $(PREFIX)/lib/$(if $(filter /usr,$(PREFIX)),python3,$(shell $(PYTHON) -c 'import sys; print("python%d.%d" % sys.version_info[:2])' 2>/dev/null || echo python3))/dist-packages
VERSION := $(shell sed -n 's/^#define EQ_VERSION "\(.*\)"/\1/p' src/eqspice.h)
# What `make install` puts where, FILE:PLACE, and `make uninstall` takes away. Decks find their data and their schemas
# beside them, as here.
INSTALLED = $(lastword $(PROGRAMS)):$(PREFIX)/bin/eqspice \
    $(BUILD)/libeqspice.so:$(LIBDIR)/$(SONAME) $(BUILD)/libeqspice.a:$(LIBDIR)/libeqspice.a \
    $(BUILD)/eqspice.pc:$(LIBDIR)/pkgconfig/eqspice.pc src/eqspice.h:$(PREFIX)/include/eqspice.h \
    docs/eqspice.1:$(PREFIX)/share/man/man1/eqspice.1 \
    tools/completion.bash:$(PREFIX)/share/bash-completion/completions/eqspice \
    $(foreach f,$(wildcard python/eqspice/*.py),$(f):$(PYTHONDIR)/eqspice/$(notdir $(f))) \
    $(foreach f,$(sort $(wildcard schemas/*.xsd netlists/*.cir netlists/*.inc netlists/*.xml data/*.csv data/*.csv.gz data/README.md \
        examples/*)),$(f):$(PREFIX)/share/eqspice/$(f))
install: all
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/libeqspice.so $(BUILD)/libeqspice.a
	@rm -f $(BUILD)/eqspice.pc
	@$(MAKE) --no-print-directory $(BUILD)/eqspice.pc
	@set -e; for f in $(INSTALLED); do \
	    case $$f in *:*/bin/*) mode=755 ;; *) mode=644 ;; esac; \
	    install -D -m $$mode $${f%%:*} $(DESTDIR)$${f#*:}; done
	@ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libeqspice.so
	@echo "installed: $(words $(INSTALLED)) files below $(DESTDIR)$(PREFIX)"
uninstall:
	@rm -f $(foreach f,$(INSTALLED),$(DESTDIR)$(lastword $(subst :, ,$(f)))) $(DESTDIR)$(LIBDIR)/libeqspice.so
	@rm -rf $(DESTDIR)$(PREFIX)/share/eqspice $(DESTDIR)$(PYTHONDIR)/eqspice

# Debian packages of this tree: build/deb/*.deb, with no error of lintian.
deb:
	@tools/install-deps --deb
	tools/build-deb $(BUILD)/deb

clean:
	rm -rf $(BUILD)

SOURCES := $(wildcard src/*/*.[ch] src/*/*/*.[ch] src/*.h tests/*/*.[ch] bench/*.[ch])
format:
	clang-format-14 -i $(SOURCES)
format-check:
	@clang-format-14 --dry-run -Werror $(SOURCES)

-include $(BUILD)/mpi/comm.d $(BENCH_OBJ:.o=.d) $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TEST_OBJ:.o=.d)
