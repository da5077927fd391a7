/*
 * What the files of the system share. Nothing outside models/system/ includes this.
 */
#ifndef VTDPI_SYSTEM_INTERNAL_H
#define VTDPI_SYSTEM_INTERNAL_H

#include "vtdpi/boundary.h"
#include "vtdpi/pid.h"
#include "vtdpi/protocol.h"
#include "vtdpi/system.h"

/* clang-format off */
#define VTDPI_HOOK(name, doc)
#define VTDPI_FRAME(name, doc)                                                                     \
    vtdpi_op_t vtdpi_fn_##name(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r);
#include "vtdpi/frames.def"
#undef VTDPI_HOOK
#undef VTDPI_FRAME

/* clang-format on */

/** A stack of frames. */
typedef struct {
    vtdpi_frame_t *base;
    uint8_t *depth; /**< NULL: microcode, one frame */
    uint32_t limit;
    uint32_t pad_;
} sys_stack_t;

/** What a CPU may have to recognise. ROOT: next is NMI, or NOTHING for an interrupt. */
typedef enum { SYS_EVENT_NONE, SYS_EVENT_ROOT, SYS_EVENT_NONROOT } sys_event_kind_t;

typedef struct {
    uint32_t kind; /**< sys_event_kind_t */
    uint32_t next; /**< NONROOT: vtdpi_next_t */
} sys_event_t;

/* observe.c */
void vtdpi_sys_see(vtdpi_system_t *sys, unsigned event, uint32_t cpu, uint64_t a0, uint64_t a1,
                   uint64_t a2, uint64_t a3);
void vtdpi_sys_touch(vtdpi_system_t *sys, uint32_t actor);
void vtdpi_sys_touch_cpu(vtdpi_system_t *sys, uint32_t c);
void vtdpi_sys_monitor(vtdpi_system_t *sys, unsigned monitor, uint32_t cpu, uint32_t vcpu);

/* ghost.c */
uint32_t vtdpi_sys_born(vtdpi_system_t *sys, uint32_t source, vtdpi_place_t place, uint32_t where);
void vtdpi_sys_place(vtdpi_system_t *sys, uint32_t slot, vtdpi_place_t place, uint32_t where);
void vtdpi_sys_seal(vtdpi_system_t *sys, uint32_t slot, vtdpi_fate_t fate, uint32_t carrier,
                    uint8_t reason);
void vtdpi_sys_merge(vtdpi_system_t *sys, uint32_t slot, uint32_t *into, vtdpi_place_t place,
                     uint32_t where, bool was_set, uint8_t vector);
uint32_t vtdpi_sys_id(const vtdpi_system_t *sys, uint32_t slot);
void vtdpi_sys_follow(vtdpi_system_t *sys, uint32_t slot, vtdpi_place_t from, uint32_t from_where,
                      vtdpi_place_t to, uint32_t to_where);
bool vtdpi_sys_is_at(const vtdpi_system_t *sys, uint32_t slot, vtdpi_place_t place, uint32_t where);
uint32_t vtdpi_sys_take_posted(vtdpi_system_t *sys, uint32_t c);
void vtdpi_sys_posted_done(vtdpi_system_t *sys, uint32_t c);

/* exec.c */
sys_stack_t vtdpi_sys_stack(vtdpi_system_t *sys, uint32_t c);
sys_stack_t vtdpi_sys_thread_stack(vtdpi_system_t *sys, uint32_t t);
sys_stack_t vtdpi_sys_guest_stack(vtdpi_system_t *sys, uint32_t v);
sys_stack_t vtdpi_sys_irq_stack(vtdpi_system_t *sys, uint32_t c);
vtdpi_frame_t *vtdpi_sys_top(const vtdpi_system_t *sys, uint32_t c);
void vtdpi_sys_push(sys_stack_t s, unsigned func, uint64_t a, uint64_t b, uint64_t d, bool async);
void vtdpi_sys_start(vtdpi_system_t *sys, uint32_t c, sys_stack_t s);
void vtdpi_sys_resume(vtdpi_system_t *sys, uint32_t c, sys_stack_t s, const vtdpi_result_t *r);
void vtdpi_sys_advance(vtdpi_system_t *sys, uint32_t c, sys_stack_t s, vtdpi_result_t r);
void vtdpi_sys_microcode(vtdpi_system_t *sys, uint32_t c, unsigned func, uint64_t a, uint64_t b,
                         uint64_t d);

void vtdpi_sys_first_guest(vtdpi_system_t *sys, uint32_t v);

/* memory.c */
uint64_t vtdpi_sys_read(const vtdpi_system_t *sys, uint32_t line, unsigned word);
void vtdpi_sys_write(vtdpi_system_t *sys, uint32_t line, unsigned word, uint64_t value);
bool vtdpi_sys_memory_enabled(const vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op);
bool vtdpi_sys_memory(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r);
void vtdpi_sys_drain(vtdpi_system_t *sys, uint32_t c);

/* sched.c */
bool vtdpi_sys_sched(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r);
void vtdpi_sys_switch(vtdpi_system_t *sys, uint32_t c);
uint32_t vtdpi_sys_wake(vtdpi_system_t *sys, uint32_t t, uint32_t from);
void vtdpi_sys_move(vtdpi_system_t *sys, uint32_t t, uint32_t to);
uint32_t vtdpi_sys_queued(const vtdpi_system_t *sys, uint32_t c);
void vtdpi_sys_enqueue(vtdpi_system_t *sys, uint32_t t, uint32_t cpu);

/* root.c */
bool vtdpi_sys_root(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r);
uint32_t vtdpi_sys_route_of(const vtdpi_system_t *sys, uint32_t c, uint64_t vector);
uint32_t vtdpi_sys_allocate(const vtdpi_system_t *sys, uint32_t cpu);

/* nonroot.c */
sys_event_t vtdpi_sys_event(const vtdpi_system_t *sys, uint32_t c);
void vtdpi_sys_event_op(const vtdpi_system_t *sys, uint32_t c, sys_event_t ev, vtdpi_op_t *op);
void vtdpi_sys_recognise(vtdpi_system_t *sys, uint32_t c, sys_event_t ev);
bool vtdpi_sys_nonroot(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r,
                       bool *advance);
void vtdpi_sys_evaluate(vtdpi_system_t *sys, uint32_t c, uint32_t v);
uint64_t vtdpi_sys_set_word(const vtdpi_system_t *sys, uint32_t v, vtdpi_vapic_line_t low,
                            unsigned w);
void vtdpi_sys_put_set_word(vtdpi_system_t *sys, uint32_t v, vtdpi_vapic_line_t low, unsigned w,
                            uint64_t bits);
void vtdpi_sys_get_set(const vtdpi_system_t *sys, uint32_t v, vtdpi_vapic_line_t low,
                       uint64_t set[VTDPI_VECTOR_WORDS]);
uint32_t vtdpi_sys_reg(const vtdpi_system_t *sys, uint32_t v, unsigned offset);
void vtdpi_sys_put_icr(vtdpi_system_t *sys, uint32_t v, uint64_t icr);
void vtdpi_sys_put_reg(vtdpi_system_t *sys, uint32_t v, unsigned offset, uint32_t value);

/* timer.c */
void vtdpi_sys_arm(vtdpi_system_t *sys, uint32_t c, uint32_t slot, uint64_t ps);
void vtdpi_sys_disarm(vtdpi_system_t *sys, uint32_t c, uint32_t slot);
void vtdpi_sys_timer_init(vtdpi_system_t *sys, uint32_t c);
void vtdpi_sys_expire(vtdpi_system_t *sys, uint32_t c, uint32_t slot);
bool vtdpi_sys_timer(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r);
void vtdpi_sys_preemption_start(vtdpi_system_t *sys, uint32_t c);
void vtdpi_sys_preemption_stop(vtdpi_system_t *sys, uint32_t c);

/* guest_ops.c */
bool vtdpi_sys_guest(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, bool *advance);

/* unit.c */
bool vtdpi_sys_request_enabled(const vtdpi_system_t *sys, uint32_t r);
void vtdpi_sys_request_op(const vtdpi_system_t *sys, uint32_t r, vtdpi_op_t *op);
void vtdpi_sys_request(vtdpi_system_t *sys, uint32_t r);
bool vtdpi_sys_source_enabled(const vtdpi_system_t *sys, uint32_t s);
void vtdpi_sys_source(vtdpi_system_t *sys, uint32_t s);
void vtdpi_sys_message(vtdpi_system_t *sys, uint32_t m);
void vtdpi_sys_touch_senders(vtdpi_system_t *sys);
int vtdpi_sys_message_slot(const vtdpi_system_t *sys);
int vtdpi_sys_send(vtdpi_system_t *sys, const vtdpi_intr_msg_t *msg, uint32_t vcpu,
                   uint32_t from_unit);
void vtdpi_sys_kick(vtdpi_system_t *sys, uint32_t cpu);

/** Slots of the entry cache of [unit]. */
static inline vtdpi_iec_entry_t *vtdpi_sys_iec(const vtdpi_system_t *sys, uint32_t unit)
{
    return &sys->iec[(size_t)unit * sys->p->iommu.iec_entries];
}

/** Remapping unit that request [r] goes to. */
static inline uint32_t vtdpi_sys_unit_of(const vtdpi_system_t *sys, uint32_t r)
{
    return sys->p->sources[sys->requests[r].source].unit;
}

/* queue.c */
bool vtdpi_sys_queue_enabled(const vtdpi_system_t *sys, uint32_t unit);
void vtdpi_sys_queue_op(const vtdpi_system_t *sys, uint32_t unit, vtdpi_op_t *op);
void vtdpi_sys_queue(vtdpi_system_t *sys, uint32_t unit);
void vtdpi_sys_touch_queues(vtdpi_system_t *sys);

/* outside.c */
bool vtdpi_sys_outside_enabled(const vtdpi_system_t *sys, uint32_t e);
void vtdpi_sys_outside(vtdpi_system_t *sys, uint32_t e);

/** Result with one value. */
static inline vtdpi_result_t vtdpi_sys_result(uint64_t v)
{
    vtdpi_result_t r = {{v, 0}, 0};
    return r;
}

/** The frame that is executed from stack [s]. */
static inline vtdpi_frame_t *vtdpi_sys_stack_top(sys_stack_t s)
{
    return s.depth == NULL ? s.base : &s.base[*s.depth - 1];
}

/** vCPU that thread [t] runs, or VTDPI_NOBODY. */
static inline uint32_t vtdpi_sys_vcpu_of(const vtdpi_system_t *sys, uint32_t t)
{
    const vtdpi_thread_fixed_t *fixed = &sys->p->threads[t];
    return fixed->kind == VTDPI_THREAD_VCPU ? fixed->who : VTDPI_NOBODY;
}

/** Current vCPU of CPU [c] in non-root operation. */
static inline vtdpi_vcpu_t *vtdpi_sys_guest_of(const vtdpi_system_t *sys, uint32_t c)
{
    return &sys->vcpus[sys->cpus[c].vcpu];
}

#endif
