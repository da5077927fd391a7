/*
 * A plain depth-first explorer over the three verbs: a test of the architecture, and an oracle for
 * small scenarios.
 */
#ifndef VTDPI_TESTS_EXPLORE_H
#define VTDPI_TESTS_EXPLORE_H

#include "vtdpi/system.h"

/** What an exploration found. */
typedef struct {
    uint64_t states;      /**< distinct states */
    uint64_t transitions; /**< alternatives fired */
    uint64_t ends;        /**< states where nothing can move */
    uint64_t losses;      /**< of these, with an interrupt left in a descriptor or a virtual IRR */
    uint64_t
        waiting; /**< of these, with RFLAGS.IF = 1 in the first vCPU: it waits for an interrupt */
    uint64_t monitors;    /**< invariants that were violated somewhere */
    uint32_t depth;       /**< longest path */
    bool closed;          /**< every reachable state was visited */
    uint32_t path_length; /**< alternatives of the first loss, as actor and alternative */
    uint32_t path[4096][2];
} explore_result_t;

/** Explores every order from where the machine of [p] has started and its guests run, at most
 * [limit] states. */
void explore(const vtdpi_platform_t *p, uint64_t limit, explore_result_t *out);

#endif
