/*
 * What the tests of hypervisor code share: hooks and frames of a built-in protocol, called one by
 * one by a script that is the vCPU's thread, and a record of all that they did.
 */
#ifndef VTDPI_TESTS_SCRIPT_TEST_H
#define VTDPI_TESTS_SCRIPT_TEST_H

#include "cmocka_all.h"
#include "hand.h"

#include <string.h>

enum { SCRIPT_TRACE = 400, SCRIPT_EVENTS = 200 };

/* Operations and observations of a CPU, in their order. */
typedef struct {
    vtdpi_op_t op[SCRIPT_TRACE];
    vtdpi_event_t event[SCRIPT_EVENTS];
    unsigned ops, events;
} script_trace_t;

/* Builds h->scene for [protocol], but with scripts for its vCPU threads; [mixed] outlives h. */
static inline void script_build(hand_t *h, const char *protocol, vtdpi_protocol_t *mixed)
{
    const vtdpi_protocol_t *whole = vtdpi_protocol_find(protocol);
    assert_non_null(whole);
    hand_build(h, true);
    *mixed = *whole;
    mixed->hook[VTDPI_HOOK_thread] = h->p.protocol->hook[VTDPI_HOOK_thread];
    h->p.protocol = mixed;
}

/* Steps [cpu] to the first operation of the script of [vcpu]. */
static inline void script_begin(hand_t *h, uint32_t cpu, uint32_t vcpu)
{
    const vtdpi_thread_t *th = &h->sys.threads[h->p.vcpus[vcpu].thread];
    for (unsigned i = 0; th->depth < 2 || th->frame[1].func != VTDPI_FN_hook_thread; i++) {
        assert_true(i < SCRIPT_TRACE);
        hand_step(h, cpu);
    }
}

/* One operation of [cpu], recorded. */
static inline void script_step(hand_t *h, uint32_t cpu, script_trace_t *t)
{
    vtdpi_alt_t alt;
    vtdpi_pending(&h->sys, cpu, hand_event(h, cpu) ? 1 : 0, &alt);
    assert_true(t->ops < SCRIPT_TRACE);
    t->op[t->ops++] = alt.op;
    hand_step(h, cpu);
    for (uint32_t i = 0; i < h->obs.count; i++) {
        assert_true(t->events < SCRIPT_EVENTS);
        t->event[t->events++] = h->event[i];
    }
}

/* Steps [cpu] until its script is at its end, and drains its stores; [t] is emptied first. */
static inline void script_run(hand_t *h, uint32_t cpu, script_trace_t *t)
{
    t->ops = 0;
    t->events = 0;
    while (hand_next(h, cpu) != VTDPI_OP_CHOOSE) {
        script_step(h, cpu, t);
    }
    hand_drain(h, cpu);
}

/* Place of the first operation of [kind] on [word] of [line] at or behind [from], or -1. */
static inline int script_find(const script_trace_t *t, unsigned kind, uint32_t line, unsigned word,
                              unsigned from)
{
    for (unsigned i = from; i < t->ops; i++) {
        if (t->op[i].kind == kind && t->op[i].line == line && t->op[i].word == word) {
            return (int)i;
        }
    }
    return -1;
}

/* How many operations of [kind] there were. */
static inline unsigned script_count(const script_trace_t *t, unsigned kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->ops; i++) {
        n += t->op[i].kind == kind;
    }
    return n;
}

/* First observation of [event], or NULL. */
static inline const vtdpi_event_t *script_seen(const script_trace_t *t, unsigned event)
{
    for (unsigned i = 0; i < t->events; i++) {
        if (t->event[i].event == event) {
            return &t->event[i];
        }
    }
    return NULL;
}

/* The same; fails if there is none. */
static inline const vtdpi_event_t *script_saw(const script_trace_t *t, unsigned event)
{
    static const vtdpi_event_t none;
    const vtdpi_event_t *e = script_seen(t, event);
    if (e == NULL) {
        fail_msg("event %u was not seen", event);
        return &none;
    }
    return e;
}

#endif
