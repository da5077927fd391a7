#include "hand.h"

#include "vtdpi/pid.h"

#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 400 };

uint64_t hand_fired[VTDPI_OP_COUNT];

static struct {
    const vtdpi_op_t *ops;
    unsigned count;
} scripts[HAND_SCRIPTS];

static vtdpi_op_t hook_nothing(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    (void)x;
    (void)f;
    (void)r;
    return vtdpi_op_return(0);
}

/* pc counts the operations yielded; one more than the script has, that no one can ever do. */
static vtdpi_op_t hook_script(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
{
    uint32_t v = x->vcpu;
    assert_true(v < HAND_SCRIPTS);
    if (f->pc > 0) {
        f->x[(f->pc - 1U) % VTDPI_FRAME_LOCALS] = r.v[0];
    }
    unsigned i = f->pc++;
    vtdpi_op_t never = vtdpi_op_make(VTDPI_OP_CHOOSE, VTDPI_STAGE_hv, 0);
    return i < scripts[v].count ? scripts[v].ops[i] : never;
}

static const vtdpi_protocol_t scripted_protocol = {
    .name = "scripted",
    .abi = VTDPI_PROTOCOL_ABI,
    .posting = true,
    .apicv = true,
    .preemptible = true,
    .hook = {[VTDPI_HOOK_thread] = hook_script,
             [VTDPI_HOOK_load] = hook_nothing,
             [VTDPI_HOOK_put] = hook_nothing,
             [VTDPI_HOOK_deliver] = hook_nothing,
             [VTDPI_HOOK_notify] = hook_nothing,
             [VTDPI_HOOK_wakeup] = hook_nothing,
             [VTDPI_HOOK_pending] = hook_nothing,
             [VTDPI_HOOK_attach] = hook_nothing,
             [VTDPI_HOOK_detach] = hook_nothing},
};

void hand_script(uint32_t vcpu, const vtdpi_op_t *ops, unsigned count)
{
    assert_true(vcpu < HAND_SCRIPTS);
    scripts[vcpu].ops = ops;
    scripts[vcpu].count = count;
}

uint64_t hand_result(const hand_t *h, uint32_t vcpu, unsigned i)
{
    const vtdpi_thread_t *th = &h->sys.threads[h->p.vcpus[vcpu].thread];
    assert_true(th->depth == 2 && th->frame[1].pc > i + 1 &&
                th->frame[1].pc <= i + 1 + VTDPI_FRAME_LOCALS);
    return th->frame[1].x[i % VTDPI_FRAME_LOCALS];
}

void hand_build(hand_t *h, bool scripted)
{
    char why[200] = "";
    vtdpi_err_t err = vtdpi_build_create(&h->scene.s, &h->build, why, sizeof why);
    if (err != VTDPI_OK) {
        fail_msg("%s", why);
    }
    h->p = *vtdpi_build_platform(h->build);
    if (h->p.source_count > 0) {
        memcpy(h->source, h->p.sources, h->p.source_count * sizeof h->source[0]);
    }
    h->p.sources = h->source;
    if (scripted) {
        h->p.protocol = &scripted_protocol;
    }
}

void hand_start(hand_t *h)
{
    free(h->block);
    h->block = aligned_alloc(64, vtdpi_system_size(&h->p));
    assert_non_null(h->block);
    vtdpi_system_bind(&h->sys, &h->p, h->block);
    vtdpi_system_init(&h->sys);
    h->obs = (vtdpi_obs_t){h->event, VTDPI_OBS_MAX, 0, true};
    assert_true(vtdpi_system_check(&h->sys));
}

void hand_close(hand_t *h)
{
    free(h->block);
    vtdpi_build_free(h->build);
}

void hand_count(const vtdpi_system_t *sys, uint32_t actor, uint32_t alt)
{
    vtdpi_alt_t what;
    vtdpi_pending(sys, actor, alt, &what);
    assert_true(what.op.kind < VTDPI_OP_COUNT);
    hand_fired[what.op.kind]++;
}

void hand_fire(hand_t *h, uint32_t actor, uint32_t alt)
{
    assert_true(actor < h->sys.actor.count);
    assert_true(alt < vtdpi_enabled(&h->sys, actor));
    hand_count(&h->sys, actor, alt);
    h->obs.count = 0;
    vtdpi_fire(&h->sys, actor, alt, &h->obs);
    assert_true(vtdpi_system_check(&h->sys));
}

bool hand_event(const hand_t *h, uint32_t cpu)
{
    vtdpi_alt_t alt;
    vtdpi_pending(&h->sys, cpu, 0, &alt);
    return alt.op.kind == VTDPI_OP_RECOGNISE || alt.op.kind == VTDPI_OP_VDELIVER;
}

/* The operation of itself comes behind the event. */
static uint32_t own_alternative(const hand_t *h, uint32_t cpu)
{
    return hand_event(h, cpu) ? 1 : 0;
}

unsigned hand_next(const hand_t *h, uint32_t cpu)
{
    vtdpi_alt_t alt;
    vtdpi_pending(&h->sys, cpu, own_alternative(h, cpu), &alt);
    return alt.op.kind;
}

void hand_drain(hand_t *h, uint32_t cpu)
{
    while (vtdpi_enabled(&h->sys, h->sys.actor.drain + cpu) > 0) {
        hand_fire(h, h->sys.actor.drain + cpu, 0);
    }
}

void hand_step(hand_t *h, uint32_t cpu)
{
    uint32_t own = own_alternative(h, cpu);
    if (vtdpi_enabled(&h->sys, cpu) <= own) {
        hand_drain(h, cpu);
        own = own_alternative(h, cpu);
    }
    hand_fire(h, cpu, own);
}

void hand_to(hand_t *h, uint32_t cpu, unsigned kind)
{
    for (unsigned i = 0; hand_next(h, cpu) != kind; i++) {
        assert_true(i < PATIENCE);
        hand_step(h, cpu);
    }
}

void hand_messages(hand_t *h)
{
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        if (h->sys.messages[m].used) {
            hand_fire(h, h->sys.actor.message + m, 0);
        }
    }
}

uint32_t hand_in_flight(const hand_t *h)
{
    uint32_t n = 0;
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        n += h->sys.messages[m].used;
    }
    return n;
}

uint32_t hand_message(const hand_t *h, uint8_t vector)
{
    uint32_t m = 0;
    while (m < VTDPI_MESSAGES_MAX &&
           !(h->sys.messages[m].used && h->sys.messages[m].msg.vector == vector)) {
        m++;
    }
    return m;
}

const vtdpi_event_t *hand_saw(const hand_t *h, unsigned event)
{
    for (uint32_t i = 0; i < h->obs.count; i++) {
        if (h->event[i].event == event) {
            return &h->event[i];
        }
    }
    return NULL;
}

uint64_t *hand_word(hand_t *h, uint32_t line, unsigned word)
{
    assert_true(line < h->p.line_count && word < VTDPI_LINE_WORDS);
    return &h->sys.lines[(line * VTDPI_LINE_WORDS) + word];
}

vtdpi_pid_ctl_t hand_control(hand_t *h, uint32_t vcpu)
{
    return vtdpi_pid_ctl_read(*hand_word(h, h->p.vcpus[vcpu].pid, VTDPI_PID_CTL_WORD));
}
