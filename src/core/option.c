/* SPDX-License-Identifier: GPL-3.0-or-later */
/* option: the table; see dickemap/option.h. */
#include "dickemap/option.h"

#include "dickemap/ground.h"
#include "dickemap/spins.h"

#include <math.h>
#include <string.h>

static const char *const mappings[] = {[DKM_GAUGED] = "gauged", [DKM_UNGAUGED] = "ungauged", [DKM_VALUES] = "values",
                                       [DKM_MATRIX] = "matrix", [DKM_RANDOM] = "random",     NULL};
static const char *const shades[] = {[DKM_READ_THRESHOLD] = "threshold", [DKM_READ_GREY] = "grey", NULL};
static const char *const methods[] = {[DKM_METHOD_ENSEMBLE] = "ensemble", [DKM_METHOD_GSL] = "gsl", NULL};
static const char *const switches[] = {"off", "on", NULL};
static const char *const truths[] = {"false", "true", NULL};
static const char *const ends[] = {"rest", "settled", NULL};
static const char *const exactness_starts[] = {[DKM_EXACTNESS_CUE] = "cue", [DKM_EXACTNESS_REST] = "rest", NULL};
static const char *const exactness_methods[] = {
    [DKM_FINITE_AUTO] = "automatic", [DKM_FINITE_MASTER] = "master", [DKM_FINITE_TRAJECTORIES] = "trajectories", NULL};
static const char *const exactness_frames[] = {[DKM_FINITE_BEST] = "best", [DKM_FINITE_LABORATORY] = "laboratory",
                                               [DKM_FINITE_MEAN_FIELD] = "mean_field", [DKM_FINITE_FOLLOWING] = "following", NULL};
static const char *const states[] = {"none", "final", NULL};

/* An enum without negative values is an unsigned int, or an int. */
#define MEMBER(member)                                                                                                 \
  .offset = offsetof(dkm_job, member), .type = _Generic(((dkm_job *)0)->member, double                                 \
                                                        : DKM_FLOAT64, int                                             \
                                                        : DKM_INT32, unsigned                                          \
                                                        : DKM_INT32, int64_t                                           \
                                                        : DKM_INT64, bool                                              \
                                                        : DKM_UINT8)
/* A list, or the name of a file. */
#define LIST(member, of) .offset = offsetof(dkm_job, member), .kind = DKM_OPTION_##of
#define REQUIRED         NAN

const dkm_option dkm_options[] = {
    {"model.patterns", MEMBER(system.n_modes), .limits = {.min = 1, .max = DKM_MAX_MODES, .integer = true},
     .fallback = REQUIRED,
     .description = "M, the number of patterns and of modes; matrices and images tell it themselves"},
    {"model.mapping", MEMBER(system.mapping), .words = mappings, .fallback = DKM_GAUGED,
     .description =
         "what spins there are: ±1 patterns of very many, in 2^(M−1) classes with the first pattern made all +1, or in "
         "2^M; couplings that are independent `values`; a `matrix` of given ones; `random` ±1 patterns of some "
         "`spins`"},
    {"model.values", LIST(values, NUMBERS), .limits = {.min = -1e6, .max = 1e6}, .later = true,
     .description = "of `mapping: values`: what a coupling can be"},
    {"model.probabilities", LIST(probabilities, NUMBERS), .limits = {.min = 0, .min_excluded = true, .max = 1},
     .later = true, .description = "how probable each of these is"},
    {"model.matrix", LIST(matrix_file, FILE), .later = true,
     .description =
         "of `mapping: matrix`: M rows of numbers, one a spin, as text; or an image; files are found from the "
         "folder of the job and kept in the output"},
    {"model.images", LIST(image_files, FILES), .later = true,
     .description = "or instead: M images of one size, PBM (P1) or PNG, one a pattern, a pixel a spin"},
    {"model.shades", MEMBER(shades), .words = shades, .fallback = DKM_READ_THRESHOLD, .later = true,
     .description = "of pixels: +1 if darker than half, else −1; or `grey`, from +1 (black) to −1 (white)"},
    {"model.spins", MEMBER(n_spins), .limits = {.min = 0, .max = (double)DKM_MAX_CLASSES, .integer = true},
     .fallback = 0, .later = true, .description = "of `mapping: random`: the number of spins, at least 1"},
    {"initial.cue", LIST(cue_file, FILE), .later = true,
     .description =
         "of `mapping: matrix`: a cue of its own in place of `pattern`, an image or a row of numbers −1 … 1"},
    {"initial.from", LIST(from_file, FILE), .later = true,
     .description =
         "an output with `state: final` of an earlier job of the same system: the start is the final state of its "
         "nearest point"},
    {"drive.time", LIST(drive_time, NUMBERS), .limits = {.min = 0, .max = 1}, .later = true,
     .description = "knots of a drive of `g0` and `Omega`, from 0 to 1 in units of `duration`; at two equal ones they "
                    "jump, between others they change along straight lines"},
    {"drive.g0", LIST(drive_g0, NUMBERS), .limits = {.min = 0, .max = INFINITY}, .later = true,
     .description = "factor of `model.g0` at each knot; none: 1"},
    {"drive.Omega", LIST(drive_Omega, NUMBERS), .limits = {.min = -INFINITY, .max = INFINITY}, .later = true,
     .description = "factor of `model.Omega` at each knot; none: 1"},
    {"drive.repeat", MEMBER(drive_repeats), .words = truths, .fallback = false, .later = true,
     .description = "`true`: the drive begins again when it is over; `false`: factors stay what they are at its last "
                    "knot, and the verdict is about what follows"},
    {"solver.method", MEMBER(solver.method), .words = methods, .fallback = DKM_METHOD_ENSEMBLE,
     .description = "our vectorised Taylor integrator, or GSL's rk8pd as an oracle"},
    {"solver.tolerance", MEMBER(solver.tolerance), .limits = {.min = 1e-15, .max = 1e-3}, .fallback = 1e-10,
     .description = "bound on the local error of each step"},
    {"solver.t_max", MEMBER(solver.t_max), .limits = {.min = 0, .min_excluded = true, .max = INFINITY}, .fallback = 1e7,
     .description = "time after which a point is given up as `undecided`"},
    {"solver.max_steps", MEMBER(solver.max_steps),
     .limits = {.min = 1, .max = (double)DKM_LARGEST_MAX_STEPS, .integer = true},
     .fallback = (double)DKM_DEFAULT_MAX_STEPS,
     .description = "steps of its trajectory after which it is given up likewise: a bound of the work that is the same "
                    "on every machine"},
    {"solver.sensitivity", MEMBER(solver.sensitivity), .words = switches, .fallback = false, .later = true,
     .description = "also measure how much small differences are amplified; takes about twice the time"},
    {"solver.until", MEMBER(solver.until_settled), .words = ends, .fallback = false, .later = true,
     .description = "`settled`: a start that `reduce` counts is followed only until it is certain in which minimum it ends, whose "
                    "overlaps then count"},
    {"output.state", MEMBER(keep_state), .words = states, .fallback = false,
     .description = "`final`: also keep the state in which each point ended"},
    {"output.states", MEMBER(n_states), .limits = {.min = 1, .max = (double)DKM_MAX_STATES, .integer = true}, .fallback = 64,
     .later = true, .description = "of `task: states`: how many states of each point there is room for"},
    {"output.inverted", MEMBER(most_inverted), .limits = {.min = 0, .max = DKM_MOST_INVERTED, .integer = true}, .fallback = 0,
     .later = true,
     .description = "of `task: states`: also the states with up to so many classes of spins turned against their fields; at most "
                    "4096 choices of them"},
    {"exactness.t_end", MEMBER(exactness.t_end), .limits = {.min = 0, .min_excluded = true, .max = INFINITY}, .fallback = 10,
     .later = true, .description = "of `task: exactness`: until when; from 0"},
    {"exactness.points", MEMBER(exactness.n_times), .limits = {.min = 2, .max = DKM_EXACTNESS_MAX_TIMES, .integer = true},
     .fallback = 101, .later = true, .description = "number of times, both ends included"},
    {"exactness.start", MEMBER(exactness.start), .words = exactness_starts, .fallback = DKM_EXACTNESS_CUE, .later = true,
     .description = "`cue`: spins and modes start as in a sweep, each class a product state, each mode empty (or coherent, "
                    "with `initial.from`); `rest`: as a sweep ends, where that is a fixed point"},
    {"exactness.method", MEMBER(exactness.method), .words = exactness_methods, .fallback = DKM_FINITE_AUTO, .later = true,
     .description = "`master`: the density matrix; `trajectories`: the mean over quantum jumps, with standard errors; `automatic`: "
                    "the first where it fits into `exactness.memory`"},
    {"exactness.frame", MEMBER(exactness.frame), .words = exactness_frames, .fallback = DKM_FINITE_BEST, .later = true,
     .description = "classical amplitudes and directions that states are kept relative to; changes the cost, not the result"},
    {"exactness.trajectories", MEMBER(exactness.n_trajectories),
     .limits = {.min = 2, .max = DKM_EXACTNESS_MAX_TRAJECTORIES, .integer = true}, .fallback = DKM_FINITE_N_TRAJECTORIES,
     .later = true, .description = "how many, of each point; `initial.seed` draws them"},
    {"exactness.edge", MEMBER(exactness.edge), .limits = {.min = 0, .min_excluded = true, .max = 1e-3}, .fallback = DKM_FINITE_EDGE,
     .later = true, .description = "levels are added where the weight of the last two would exceed it (of trajectories 1e-7 at least, as "
                                        "the errors of their steps, which sampling hides)"},
    {"exactness.memory", MEMBER(exactness.memory), .limits = {.min = 1, .max = 1e6}, .fallback = 100, .later = true,
     .description = "MB that the state of a point may take on a rank"},
};
const int dkm_n_options = sizeof dkm_options / sizeof *dkm_options;
_Static_assert(sizeof dkm_options / sizeof *dkm_options <= DKM_MOST_OPTIONS, "DKM_MOST_OPTIONS is too small");

const dkm_option *dkm_option_at(size_t offset) {
  for (int i = 0; i < dkm_n_options; i++)
    if (dkm_options[i].offset == offset) return &dkm_options[i];
  return NULL;
}

bool dkm_option_of_system(const dkm_option *option) {
  return strncmp(option->key, "model.", strlen("model.")) == 0 ||
         strncmp(option->key, "initial.", strlen("initial.")) == 0;
}

double dkm_option_get(const dkm_option *option, const dkm_job *job) {
  return dkm_field_value(option->type, (const char *)job + option->offset, 0);
}

void dkm_option_set(const dkm_option *option, dkm_job *job, double value) {
  dkm_field_put(option->type, (char *)job + option->offset, 0, value);
}

const char *dkm_option_word(const dkm_option *option, const dkm_job *job) {
  return option->words[(int)dkm_option_get(option, job)];
}
