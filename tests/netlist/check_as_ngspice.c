/* The reader against `ngspice -b` on the same text: kept answers of ngspice 39, which is asked
 * again. Waveforms at t = 0, resistors and sources that are formulas under temperature, .temp and
 * .options, text behind .end, comments behind every kind of line. */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/program.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "netlist/netlist.h"
#include "solver/solver.h"

Suite *as_ngspice_suite(void);

enum { MOST_NODES = 16 };

static const struct {
    const char *waveform;
    double value;
} waveforms[] = {
    {"sin(1 2 1k -0.1m 0 0)", 2.17557050458495},
    {"sin(1 2 1k -0.1m 0)", 2.17557050458495},
    {"sin(1 2 1k -0.1m)", 2.17557050458495},
    {"sin(1 2 1k 0 0 30)", 2},
    {"sin(1 2 1k 0.1m 0 30)", 2},
    {"sin(1 2 1k -0.1m 1k 30)", 2.65322022630362},
    {"sin(1 2 1k -0.1m -1k 30)", 3.01924774425342},
    {"sin(1 2)", 1},
    {"sin(1 2 0)", 1},
    {"sin(1 2 1k)", 1},
    {"sin(1 2 -1k -0.1m)", -0.175570504584946},
    {"sin(1 2 1k -0.25m 100 -45)", 2.37929650510738},
    {"sin(1 2 1k -1.25 0 720)", 1.00000000000058},
    {"sin 1 2 1k -0.1m", 2.17557050458495},
    {"sin(1,2,1k,-0.1m)", 2.17557050458495},
    {"sin(1 2 1k -0.1m 0 0 7)", 2.17557050458495},
    {"dc 5 sin(1 2 1k -0.1m)", 5},
    {"sin(1 2 1k -0.1m) dc 5", 5},
    {"5 sin(1 2 1k -0.1m)", 5},
    {"sin(1 2 1k -0.1m) 5", 2.17498286625448},
    {"pulse(1 2 -5u 1u 1u 10u 20u)", 2},
    {"pulse(1 2 -0.5u 1u 1u 10u 20u)", 1.5},
    {"pulse(1 2 -1u 1u 1u 10u 20u)", 2},
    {"pulse(1 2 -11u 1u 1u 10u 20u)", 2},
    {"pulse(1 2 -11.5u 1u 1u 10u 20u)", 1.5},
    {"pulse(1 2 -12u 1u 1u 10u 20u)", 1},
    {"pulse(1 2 -15u 1u 1u 10u 20u)", 1},
    {"pulse(1 2 -20u 1u 1u 10u 20u)", 1},
    {"pulse(1 2 -25u 1u 1u 10u 20u)", 2},
    {"pulse(1 2 -40.3u 1u 1u 10u 20u)", 1.3},
    {"pulse(1 2 0 1u 1u 10u 20u)", 1},
    {"pulse(1 2 5u 1u 1u 10u 20u)", 1},
    {"pulse(1 2 -5u 0 0 10u 20u)", 2},
    {"pulse(1 2 -5u 1u 1u 0 20u)", 1},
    {"pulse(1 2)", 1},
    {"pulse(1 2 -25u 1u 1u 10u 5u)", 1},
    {"pulse(1 2 0 1u 1u 10u 20u 90)", 1},
    {"pulse(1 2 0 1u 1u 10u 20u 5)", 1},
    {"pulse(1 2 0 1u 1u 10u 20u 270)", 1},
    {"pulse(1 2 0 1u 1u 10u 20u -90)", 1},
    {"pulse(1 2 -5u 1u 1u 10u 20u 90)", 2},
    {"pulse(1 2 -5u 1u 1u 10u 20u -90)", 2},
    {"pulse(1 2 5u 1u 1u 10u 20u 90)", 1},
    {"pulse(1 2 -25u 1u 1u 10u 20u 3)", 2},
    {"pulse(1 2 -25u 1u 1u 10u 20u 0)", 2},
    {"pulse(1 2 -3u 1u 1u 10u 20u 450)", 2},
    {"pulse(1 2 0 1u 1u 10u 20u 90 3)", 1},
    {"exp(1 2 -1m 1m 5m 1m)", 1.63212055882856},
    {"exp(1 2 -5m 1m -1m 1m)", 1.36114149417236},
    {"exp(1 2 -1m 1m -5m 1m)", 0.638858505827643},
    {"exp(1 2 -1m 1m)", 0.632120558828558},
    {"exp(1 2 -1m)", 1},
    {"exp(1 2)", 1},
    {"exp(1 2 0 1m 2m 1m)", 1},
    {"exp(1 2 -1m 0 -5m 0)", 1},
    {"exp(1 2 -1m 1m 0 1m)", 1},
    {"exp(1 2 -1m 1m -0.5m 0)", 0.632120558828558},
    {"exp(1 2 -1m 1m -0.5m)", 0.632120558828558},
    {"exp(1 2 1m 1m -2m 1m)", 1},
    {"exp(1 2 0 1m -2m 1m)", 1},
    {"exp(1 2 -1m -1m -0.5m 1m)", -1.11175116874641},
    {"sffm(1 2 1k 2 100 90 90)", 0.167706326905715},
    {"sffm(1 2 1k 2 100 90)", 3},
    {"sffm(1 2 1k 2 100 30 45)", 2.86680449921113},
    {"sffm(1 2 1k 2 100)", 1},
    {"sffm(1 2 1k 0 100 30 45)", 2},
    {"sffm(1 2 1k 2 100 -30 -45)", -0.866804499211128},
    {"am(1 2 1k 10k -0.1m)", 0},
    {"am(1 2 1k 10k 1m)", 0},
    {"am(1 2 1k 10k)", 0},
    {"am(1 2 1k)", 0},
    {"am(1 2)", 0},
    {"am(1 2 1k 10k -0.13m 30)", 2.59540339587417},
    {"am(1 2 1k 10k -0.13m 30 45)", 1.36174748231249},
    {"am(1 2 1k 10k 0 30 45)", 0},
    {"am(2 0.5 1k 7k -0.13m)", -1.3170286415219},
    {"pwl(0 1 1m 2)", 1},
    {"pwl(-1m 1 1m 2)", 1.5},
    {"pwl(-1m 1 -0.5m 2)", 2},
    {"pwl(1m 3 2m 4)", 3},
    {"pwl(-1m 1 0 3 1m 2)", 3},
    {"pwl(-1m 1 1m 2) td=0.5m", 1.25},
    {"pwl(-1m 1 1m 2) td=-0.5m", 1.75},
    {"pwl(0 1 1m 2) td=-0.5m", 1.5},
    {"pwl(0 1 1m 2) td=-1.5m", 2},
    {"pwl(0 1 1m 2 2m 1) td=-2.5m r=0", 1.5},
    {"pwl(0 1 1m 2 2m 1) td=-3.5m r=0", 1.5},
    {"pwl(0 1 1m 2 2m 1.5) td=-2.5m r=1m", 1.75},
    {"pwl(0 1 1m 2 2m 1.5) r=0 td=-2.5m", 1.5},
    {"pwl(0 1 1m 2 2m 1.5) r=0", 1},
    {"pwl(0 1 1m 2 2m 1.5) r=-1", 1},
    {"pwl(-2m 1 -1m 2) r=-2m", 1},
    {"pwl(0 1 1m 2 2m 1.5) r 0 td -2.5m", 1.5},
    {"pwl(0 1)", 1},
    {"pwl(0 1 0 2)", 1},
    {"pwl(-1m 1 0 2 0 3 1m 4)", 2},
    {"pwl(1m 1 -1m 2)", 1},
    {"pulse(1 2 -25u 1u 1u 10u 20u 1)", 1},
    {"pulse(1 2 -25u 1u 1u 10u 20u 2)", 2},
    {"pulse(1 2 -25u 1u 1u 10u 20u 1.3)", 2},
    {"pulse(1 2 -25u 1u 1u 10u 20u 1.2)", 1},
    {"pulse(1 2 -25u 1u 1u 10u 20u -1)", 2},
    {"pulse(1 2 -25u 1u 1u 10u 0 1)", 1},
    {"pulse(1 2 -1.5u 1u 1u 0 20u)", 1.5},
    {"pulse(1 2 -1.5u 1u 0 1u 20u)", 2},
    {"pwl(0 1 1m 2, 2m 3)td=-1.5m", 2.5},
    {"pwl(-2m 1 -1m 2 1m 3) r=-1m td=-1.5m", 2.25},
    {"exp(1 2 -1ms 1ms 5ms 1ms)", 1.63212055882856},
    {"ac 1 0 pulse 1 2 -5u 1u 1u 10u 20u", 2},
};

/* The current of v1. */
static const struct {
    const char *lines;
    double current;
} decks[] = {
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m tc2=1u", -0.00285035629453682},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc=1m", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc=1m,1u", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc=1m 1u", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m temp=50", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m dtemp=10", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m temp=50 dtemp=10",
     -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} m=2", -0.006},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} scale=2", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m m=2", -0.00571428571428571},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m m=2 scale=3",
     -0.00571428571428571},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 {1k*(1+v(x)*0)} tc1=1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 '1k*(1+v(x)*0)' tc1=1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 tc1=1m r='1k*(1+v(x)*0)'", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 tc1=1m {1k*(1+v(x)*0)}", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 rm r={1k*(1+v(x)*0)}\n.model rm r(tc1=1m)", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} ac=5", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} noisy=0", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r = {1k*(1+v(x)*0)} tc1 = 1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)}", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+temper*1m+v(x)*0)} tc1=1m", -0.00265287173365168},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+temper*1m)} tc1=1m", -0.00265287173365168},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+temper*1m)}", -0.00278551532033426},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 {1k*(1+temper*1m)}", -0.00278551532033426},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k+0*time} tc1=1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 resistance={1k*(1+v(x)*0)} tc1=1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+0*i(v1))} tc1=1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m\n.options tnom=17",
     -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k} tc1=1m\n.options tnom=17", -0.00283018867924528},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1=1m temp=50\n.options tnom=17",
     -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} dtemp=10", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+temper/1k+v(x)*0)} dtemp=10",
     -0.00278551532033426},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+temper/1k+v(x)*0)} temp=10",
     -0.00278551532033426},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={1k*(1+v(x)*0)} tc1={0.5m*2}", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 1k dtemp=10 tc1=1m", -0.00283018867924528},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 1k temp=40 dtemp=10 tc1=1m", -0.00296150049358342},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 r={2*(2+2*v(x))} tc1=1m tc2=1u temp=100 m=3",
     -0.534441805225653},
    {"v1 x 0 3\n.options temp=77\nx1 x 0 s\n.subckt s a b m=1\nr1 a b r={1k*(1+v(a)*0)} tc1=1m "
     "m={m}\n.ends",
     -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nx1 x 0 s m=2\n.subckt s a b\nr1 a b r={1k*(1+v(a)*0)} "
     "tc1=1m\n.ends",
     -0.00571428571428571},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k tc1=1m", -0.00315},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k tc1=1m tc2=1u", -0.0031575},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k tc1=1m temp=50", -0.003069},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k tc1=1m dtemp=10", -0.00318},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k tc1=1m temp=50 dtemp=10", -0.003069},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k tc1=1m m=2", -0.0063},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k*temper/77 temp=50", -0.003},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k*temper/77 dtemp=10", -0.003},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k tc1=1m\n.options tnom=17", -0.00315},
    {"v1 x 0 3\n.options temp=77\nb1 y 0 v=v(x) tc1=1m\nr1 x y 1k", 0.00015},
    {"v1 x 0 3\n.options temp=77\nb1 y 0 v=2 tc1=1m dtemp=10\nr1 x y 1k", -0.00088},
    {"v1 x 0 3\n.options temp=77\nb1 y 0 v=2 m=2\nr1 x y 1k", 0.001},
    {"v1 x 0 3\n.options temp=77\ng1 x 0 value={v(x)/1k} tc1=1m", -0.00315},
    {"v1 x 0 3\n.options temp=77\ng1 x 0 value={v(x)/1k} m=2", -0.006},
    {"v1 x 0 3\n.options temp=77\ng1 x 0 value={v(x)/1k} tc1=1m tc2=1u m=2", -0.006315},
    {"v1 x 0 3\n.options temp=77\ng1 x 0 cur={v(x)/1k} tc1=1m temp=50", -0.003069},
    {"v1 x 0 3\n.options temp=77\ng1 x 0 value={v(x)/1k} tc1=1m dtemp=10", -0.00318},
    {"v1 x 0 3\n.options temp=77\ng1 x 0 cur='v(x)/1k' tc1=1m dtemp=10", -0.00318},
    {"v1 x 0 3\n.options temp=77\ne1 y 0 value={v(x)*2} tc1=1m\nr1 x y 1k", 0.0033},
    {"v1 x 0 3\n.options temp=77\ne1 y 0 vol={v(x)*2} tc1=1m temp=50\nr1 x y 1k", 0.003138},
    {"v1 x 0 3\n.options temp=77\ne1 y 0 vol={v(x)*2} tc1=1m dtemp=10\nr1 x y 1k", 0.00336},
    {"v1 x 0 3\n.options temp=77\nc1 x 0 c={1u*v(x)} tc1=1m", 0},
    {"v1 x 0 3\n.options temp=77\nc1 x 0 1u\nr2 x 0 1k", -0.003},
    {"v1 x 0 3\n.options temp=77\nc1 x 0 '1u*(1+v(x))' tc1=1m m=2\nr2 x 0 1k", -0.003},
    {"v1 x 0 3\n.options temp=77\nc1 x 0 q={1u*v(x)}\nr2 x 0 1k", -0.003},
    {"v1 x 0 3\n.options temp=77\nl1 x y l={1u*(1+i(l1))} tc1=1m\nr2 y 0 1k", -0.003},
    {"v1 x 0 3\n.options temp=77\nl1 x y '1u*(1+v(x))' tc1=1m\nr2 y 0 1k", -0.003},
    {"v1 x 0 3\n.options temp=77\nl1 x y l={1u} dtemp=2\nr2 y 0 1k", -0.003},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 1k tc=1m", -0.00285714285714286},
    {"v1 x 0 3\n.options temp=77\nr1 x 0 1k tc=1m 1u", -0.00285035629453682},
    {"v1 x 0 3\n.options temp=77\nb1 y 0 v=2 m=2\nr1 x y 1k", 0.001},
    {"v1 x 0 3\n.options temp=77\ne1 y 0 value={2} m=2\nr1 x y 1k", 0.001},
    {"v1 x 0 3\n.options temp=77\nx1 x 0 s m=2\n.subckt s a b\nb1 y b v=2\nr1 a y 1k\n.ends",
     -0.002},
    {"v1 x 0 3\n.options temp=77\nx1 x 0 s m=2\n.subckt s a b\ne1 y b value={2}\nr1 a y 1k\n.ends",
     -0.002},
    {"v1 x 0 3\n.options temp=77\nx1 x 0 s m=2\n.subckt s a b\ng1 a b value={v(a,b)/1k}\n.ends",
     -0.006},
    {"v1 x 0 3\n.options temp=77\nx1 x 0 s m=2\n.subckt s a b\ne1 y b a b 2\nr1 a y 1k\n.ends",
     0.006},
    {"v1 x 0 3\n.options temp=77\nb1 x 0 i=v(x)/1k, tc1=1m", -0.00315},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.temp 77\n.options temp=50", -0.00285714285714286},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options temp=50\n.temp 77", -0.00285714285714286},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.temp 77\n.temp 47", -0.00294117647058824},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.temp 47 77", -0.003},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options temp=50 temp=77", -0.00293255131964809},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options temp=50\n.options temp=77", -0.00285714285714286},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options temp=77\n.options temp=50", -0.00293255131964809},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.temp 77\n.temp 47\n.options temp=50", -0.00294117647058824},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.option temp=50\n.opt temp=77", -0.00285714285714286},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options tnom=7 tnom=17", -0.00294117647058824},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options tnom=7\n.options tnom=17", -0.00297029702970297},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options tnom=17\n.options tnom=7\n.temp 50",
     -0.00287631831255992},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.temp 50\n.options tnom=7", -0.00287631831255992},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.temp={20+30}", -0.00293255131964809},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.temp {20+30}", -0.00293255131964809},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.param t=50\n.temp {t}", -0.00293255131964809},
    {"v1 x 0 3\nr1 x 0 1k tc1=1m\n.options temp={25*2}", -0.00293255131964809},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end\nr3 b 0 1k", -0.000666666666666667},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n .end\nr3 b 0 1k", -0.000666666666666667},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n	.END\nr3 b 0 1k", -0.000666666666666667},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end of deck\nr3 b 0 1k", -0.000666666666666667},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end;c\nr3 b 0 1k", -0.0005},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end//c\nr3 b 0 1k", -0.0005},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end ; c\nr3 b 0 1k", -0.000666666666666667},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end $ c\nr3 b 0 1k", -0.000666666666666667},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end\n* c\n", -0.0005},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\nx1 b s\n.subckt s a\nr1 a 0 1k\n.end\n.ends\nr9 b 0 1k",
     -0.00075},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.if (1)\nr3 b 0 1k\n.end\n.endif\nr4 b 0 1k", -0.00075},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.if (0)\nr3 b 0 1k\n.end\n.endif\nr4 b 0 1k",
     -0.000666666666666667},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\nr3 b 0 {p}\n.end\n.param p=3k", -0.000571428571428571},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end\n.options temp=77\nr3 b 0 1k tc1=1m",
     -0.000661290322580645},
    {"v1 x 0 1\nr1 x b 1k\nr2 b 0 1k\n.end\n.end\nr3 b 0 1k\n.end\n.end\nr4 b 0 1k", -0.00075},
    {"v1 x 0 3\nr2 x 0 10\n.param a={3} b={4} ; c\nr1 x 0 {a*b}", -0.55},
    {"v1 x 0 3\nr2 x 0 10\n.param a={3} b={4}	$ c\nr1 x 0 {a*b}", -0.55},
    {"v1 x 0 3\nr2 x 0 10\n.param a={3} b={4}//c\nr1 x 0 {a*b}", -0.55},
    {"v1 x 0 3\nr2 x 0 10\n.param a = {3} b = {4} ; a=1 {\nr1 x 0 {a*b}", -0.55},
    {"v1 x 0 3\nr2 x 0 10\n.param a=3 b=4 ;\nr1 x 0 {a*b}", -0.55},
    {"v1 x 0 3\nr2 x 0 10\n.param a='3' b='4' // it's\nr1 x 0 {a*b}", -0.55},
    {"v1 x 0 3\nr2 x 0 10\n.param a={3 +   ; c\n+ 1} b=2 $ c\nr1 x 0 {a*b}", -0.675},
    {"v1 x 0 3\nr2 x 0 10\n.param a=3 ; c\n+ b={4} ; c\n* c\n+ d=5 ; c\nr1 x 0 {a*b*d}", -0.35},
    {"v1 x 0 3\nr2 x 0 10\nr1 x, $ c\n+ 0, $ c\n+ {2*3}, $ c", -0.8},
    {"v1 x 0 3\nr2 x 0 10\nr1 x 0 ; c\n+ {2*3} // c", -0.8},
    {"v1 x 0 3\nr2 x 0 10\n.subckt s p q r=1 k={2} ; c\nr1 p q {r*k} ; c\n.ends s ; c\nx1 x 0 s "
     "r={3} k=4 ; c",
     -0.55},
    {"v1 x 0 3\nr2 x 0 10\n.model rm r(r=4 tc1=1m) $ c\nr1 x 0 rm $ c", -1.05},
    {"v1 x 0 3\nr2 x 0 10\nb1 x 0 i='v(x)/7' ; it's", -0.728571428571429},
    {"v1 x 0 3\nr2 x 0 10\n.options temp=50 ; c\n.temp 77 // c\nr1 x 0 1 tc1=1m $ c",
     -3.15714285714286},
    {"v1 x 0 3\nr2 x 0 10\n.func f(y) {y*2} ; c\nr7 x 0 {f(3)} // c", -0.8},
    {"v1 x 0 3\nr2 x 0 10\nv2 y 0 pulse(1 2 -5u 1u 1u 10u 20u) ; c\nr5 y x 1 $ {", -1.3},
    {"v1 x 0 -12\nr1 x b 1k\nd1 b 0 dm area=4\n.model dm d(bv=5 ibv=1m level=1)\n.options "
     "reltol=1e-12 "
     "abstol=1e-18 vntol=1e-14",
     0.006949855146808355},
    {"v1 x 0 -12\nr1 x b 1k\nd1 b 0 dm area=4\n.model dm d(bv=5 ibv=1m level=2)\n.options "
     "reltol=1e-12 "
     "abstol=1e-18 vntol=1e-14",
     0.006985578924730541},
    {"v1 x 0 -12\nr1 x b 1k\nd1 b 0 dm area=4\n.model dm d(bv=5 ibv=1m level=3)\n.options "
     "reltol=1e-12 "
     "abstol=1e-18 vntol=1e-14",
     0.006985578924730541},
};

static eq_circuit *read_text(const char *text) {
    eq_circuit *c = NULL;
    eq_diag *d = eq_diag_new();
    eq_status status = eq_circuit_parse("x.cir", text, strlen(text), &c, d);
    ck_assert_msg(status == EQ_OK, "%s\n%s", text,
                  eq_diag_count(d) > 0 ? eq_diag_get(d, eq_diag_count(d) - 1)->text : "");
    eq_diag_free(d);
    return c;
}

/* What ngspice prints for a vector of the operating point of the lines. */
static double of_ngspice(const char *lines, const char *vector) {
    char command[300], row[200], want[40];
    double value = NAN;
    eq_text deck = {0};
    eq_text_printf(&deck, "t\n.control\nset numdgt=15\nop\nprint %s\n.endc\n%s\n", vector, lines);
    ck_assert_int_eq(eq_file_write(in("x.cir"), deck.text, deck.length, NULL), EQ_OK);
    snprintf(command, sizeof command, "ngspice -n -b %s 2>/dev/null", in("x.cir"));
    snprintf(want, sizeof want, "%s = ", vector);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(row, sizeof row, f) != NULL)
        if (strncmp(row, want, strlen(want)) == 0) value = atof(row + strlen(want));
    pclose(f);
    eq_text_free(&deck);
    return value;
}

static void expect(double value, double kept, const char *what) {
    ck_assert_msg(fabs(value - kept) <= 1e-9 * fmax(fabs(kept), 1e-3), "%s: %.15g, kept %.15g",
                  what, value, kept);
}

START_TEST(waveforms_have_ngspices_value_at_zero) {
    for (size_t k = 0; k < sizeof waveforms / sizeof *waveforms; k++) {
        char lines[300], text[400];
        for (int current = 0; current < 2; current++) {
            snprintf(lines, sizeof lines, "%s %s\nr1 a 0 1", current ? "i1 0 a" : "v1 a 0",
                     waveforms[k].waveform);
            snprintf(text, sizeof text, "t\n%s\n.op\n", lines);
            eq_circuit *c = read_text(text);
            const eq_table *t = &c->table[current ? EQ_CLASS_isource : EQ_CLASS_vsource];
            expect(t->w[0][0], waveforms[k].value, lines);
            eq_circuit_free(c);
            /* ngspice's I knows no td and no r */
            bool td = current && (strstr(lines, "td") != NULL || strstr(lines, "r=") != NULL);
            if (!td) expect(of_ngspice(lines, "v(a)"), waveforms[k].value, lines);
        }
    }
}
END_TEST

START_TEST(decks_have_ngspices_current) {
    for (size_t k = 0; k < sizeof decks / sizeof *decks; k++) {
        double v[MOST_NODES], i[MOST_NODES];
        eq_text text = {0};
        eq_text_printf(&text, "t\n.op\n%s\n", decks[k].lines);
        eq_circuit *c = read_text(text.text);
        eq_solver *s = NULL;
        ck_assert_uint_lt(eq_circuit_nodes(c), MOST_NODES);
        ck_assert_int_eq(eq_solver_new(c, &s, NULL), EQ_OK);
        ck_assert_int_eq(eq_solver_solve(s, NULL, v, i, NULL, NULL), EQ_OK);
        eq_element e = eq_circuit_find_element(c, "v1");
        expect(eq_solver_current(s, e, v, i), decks[k].current, decks[k].lines);
        expect(of_ngspice(decks[k].lines, "i(v1)"), decks[k].current, decks[k].lines);
        eq_solver_free(s);
        eq_circuit_free(c);
        eq_text_free(&text);
    }
}
END_TEST

/* Loads that a switch which is off as its line has it leaves without an operating point: its control is a source's, or the
 * output of an amplifier, or the load's own potential. */
START_TEST(switches_whose_first_states_have_no_point_are_turned) {
    static const char *const switches[] = {
        "ven en 0 3.3\ns1 in out en 0 sm\n",
        "ven e0 0 3.3\nre e0 en 1k\nrf en 0 1meg\ns1 in out en 0 sm\n",
        "ven e0 0 -3.3\ne1 en 0 e0 0 -1\ns1 in out en 0 sm\n",
        "s1 in out out 0 sm\n",
        "ven en 0 3.3\ns1 in mid en 0 sm\ns2 mid out out 0 sm\n",
    };
    /* (12 - v)/r = 10m + 1m v^2, r = 20m of one switch */
    static const double r[] = {20e-3, 20e-3, 20e-3, 20e-3, 40e-3};
    char deck[512], *said;
    for (size_t k = 0; k < sizeof switches / sizeof *switches; k++) {
        snprintf(deck, sizeof deck,
                 "load\nvin in 0 12\n%si1 out 0 10m\nb1 out 0 i=1m*v(out)*v(out)\n"
                 ".model sm sw(vt=1.5 vh=0.2 ron=20m roff=1e12)\n.op\n.print op v(out)\n.end\n",
                 switches[k]);
        put("s.cir", deck);
        expect_exit(0, &said, "run %s --format csv", in("s.cir"));
        double per = 1e-3 * r[k],
               right = (sqrt(1.0 + 4.0 * per * (12.0 - 0.01 * r[k])) - 1.0) / (2.0 * per);
        ck_assert_double_eq_tol(strtod(strchr(said, '\n'), NULL), right, 1e-8);
        free(said);
    }
}
END_TEST

/* Where the states of the lines, or one turned as its control asks for it, have a point, ngspice's answers hold. */
START_TEST(switches_are_turned_no_more_than_they_must) {
    static const char *const deck =
        "switches\nv1 in 0 4\nv2 c 0 1\nr0 in n0 100\nrg0 n0 0 1k\nr1 c n1 100\nrg1 n1 0 1k\n"
        "r2 n0 n2 100\nrg2 n2 0 1k\ns0 n2 0 in 0 m0\ns1 n2 n1 n0 0 m1\n"
        ".model m0 sw vt=2 vh=0.1 ron=10 roff=1e6\n.model m1 sw vt=2 vh=1 ron=10 roff=1e6\n"
        ".op\n.print op v(n1)\n.end\n";
    char *said;
    put("s.cir", deck);
    expect_exit(0, &said, "run %s --format csv", in("s.cir"));
    ck_assert_double_eq_tol(strtod(strchr(said, '\n'), NULL), 0.30771, 1e-5);
    free(said);
}
END_TEST

/* Four switches with hysteresis, one of them controlled by a current, and a sweep over both of its
 * edges, up or down, once or within another sweep. */
static void random_switches(eq_random *r, bool twice, eq_text *deck) {
    bool down = eq_random_below(r, 2);
    double stop = 3.0 + 2.0 * eq_random_uniform(r);
    eq_text_puts(deck, "switches\nvin in 0 0\nrin in 0 1k\nvdd vdd 0 5\n");
    for (int k = 1; k <= 4; k++) {
        double at = 0.5 + 3.0 * eq_random_uniform(r), around = 1.2 * eq_random_uniform(r);
        eq_text_printf(deck, "r%d vdd o%d 1k\n", k, k);
        if (k == 4)
            eq_text_printf(deck,
                           "w4 o4 0 vin m4\n.model m4 csw(it=%.6gm ih=%.6gm ron=10 roff=1g)\n", -at,
                           around);
        else
            eq_text_printf(deck,
                           "s%d o%d 0 in 0 m%d %s\n.model m%d sw(vt=%.6g vh=%.6g ron=10 roff=1g)\n",
                           k, k, k, eq_random_below(r, 2) ? "on" : "off", k, at, around);
    }
    eq_text_puts(deck, ".print dc v(o1) v(o2) v(o3) v(o4)\n");
    eq_text_printf(deck, ".dc vin %.6g %.6g %.6g%s\n", down ? stop : 0.0, down ? 0.0 : stop,
                   down ? -0.13 : 0.13, twice ? " vdd 5 4 -1" : "");
}

/* The next number of the text, which then begins behind it, and behind a comma. */
static double next_number(char **text) {
    char *end;
    double value = strtod(*text, &end);
    ck_assert_ptr_ne(end, *text);
    *text = end + strspn(end, ", \n");
    return value;
}

START_TEST(switches_keep_their_state_along_a_sweep) {
    eq_random r = eq_random_seed(2026);
    int points = 0;
    for (int k = 0; k < 20; k++) {
        char command[600], *ours;
        bool twice = k % 2;
        eq_text deck = {0};
        random_switches(&r, twice, &deck);
        put("s.cir", deck.text);
        eq_text_printf(&deck,
                       ".control\nset numdgt=12\nrun\nwrdata %s v(o1) v(o2) v(o3) v(o4)\n.endc\n",
                       in("s.txt"));
        put("n.cir", deck.text);
        snprintf(command, sizeof command, "ngspice -n -b %s >/dev/null 2>&1", in("n.cir"));
        ck_assert_int_eq(system(command), 0);
        expect_exit(0, &ours, "run %s --format csv", in("s.cir"));
        char *theirs = file_text(in("s.txt")), *a = strchr(ours, '\n') + 1, *b = theirs;
        for (b += strspn(b, " "); *b != '\0'; points++) {
            (void)next_number(&a);
            if (twice) (void)next_number(&a);
            for (int o = 0; o < 4; o++) {
                (void)next_number(&b);
                double x = next_number(&a), y = next_number(&b);
                ck_assert_msg(fabs(x - y) <= 1e-5, "%s\n%g, ngspice %g", deck.text, x, y);
            }
        }
        ck_assert_int_eq(*a, '\0');
        free(ours);
        eq_free(theirs);
        eq_text_free(&deck);
    }
    ck_assert_int_gt(points, 20 * 30);
}
END_TEST

Suite *as_ngspice_suite(void) {
    Suite *s = suite_create("as_ngspice");
    TCase *t = tcase_create("as_ngspice");
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, waveforms_have_ngspices_value_at_zero);
    tcase_add_test(t, decks_have_ngspices_current);
    tcase_add_test(t, switches_whose_first_states_have_no_point_are_turned);
    tcase_add_test(t, switches_are_turned_no_more_than_they_must);
    tcase_add_test(t, switches_keep_their_state_along_a_sweep);
    suite_add_tcase(s, t);
    return s;
}
