/*
 * Frames: which stack a CPU executes from, and how a frame gets from one operation to the next.
 *
 * A CPU executes, in this order: microcode in progress, the guest in non-root operation, host
 * interrupt frames, the thread.
 */
#include "internal.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const vtdpi_frame_fn_t frame_functions[] = {
#define VTDPI_HOOK(name, doc)
#define VTDPI_FRAME(name, doc) vtdpi_fn_##name,
#include "vtdpi/frames.def"
#undef VTDPI_HOOK
#undef VTDPI_FRAME
};

/* clang-format on */

static vtdpi_frame_fn_t frame_function(const vtdpi_system_t *sys, unsigned func)
{
    VTDPI_ASSERT(func > 0 && func < VTDPI_FN_COUNT);
    if (func <= VTDPI_HOOKS) {
        return sys->p->protocol->hook[func - 1];
    }
    return frame_functions[func - VTDPI_HOOKS - 1];
}

sys_stack_t vtdpi_sys_thread_stack(vtdpi_system_t *sys, uint32_t t)
{
    sys_stack_t s = {sys->threads[t].frame, &sys->threads[t].depth, VTDPI_THREAD_DEPTH, 0};
    return s;
}

sys_stack_t vtdpi_sys_guest_stack(vtdpi_system_t *sys, uint32_t v)
{
    sys_stack_t s = {sys->vcpus[v].frame, &sys->vcpus[v].depth, VTDPI_GUEST_DEPTH, 0};
    return s;
}

sys_stack_t vtdpi_sys_irq_stack(vtdpi_system_t *sys, uint32_t c)
{
    sys_stack_t s = {sys->cpus[c].irq, &sys->cpus[c].irq_depth, VTDPI_IRQ_DEPTH, 0};
    return s;
}

sys_stack_t vtdpi_sys_stack(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    if (cpu->ucode.func != VTDPI_FN_none) {
        sys_stack_t s = {&cpu->ucode, NULL, 1, 0};
        return s;
    }
    if (cpu->mode == VTDPI_MODE_NONROOT) {
        return vtdpi_sys_guest_stack(sys, cpu->vcpu);
    }
    return cpu->irq_depth > 0 ? vtdpi_sys_irq_stack(sys, c)
                              : vtdpi_sys_thread_stack(sys, cpu->thread);
}

vtdpi_frame_t *vtdpi_sys_top(const vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    if (cpu->ucode.func != VTDPI_FN_none) {
        return &cpu->ucode;
    }
    if (cpu->mode == VTDPI_MODE_NONROOT) {
        vtdpi_vcpu_t *guest = &sys->vcpus[cpu->vcpu];
        return &guest->frame[guest->depth - 1];
    }
    if (cpu->irq_depth > 0) {
        return &cpu->irq[cpu->irq_depth - 1];
    }
    vtdpi_thread_t *thread = &sys->threads[cpu->thread];
    return &thread->frame[thread->depth - 1];
}

static vtdpi_ctx_t exec_context(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    vtdpi_ctx_t x = {0};
    x.p = sys->p;
    x.sources = sys->sources;
    x.tools = sys->tools;
    x.cpu = c;
    x.thread = cpu->thread;
    x.me = cpu;
    x.self = &sys->threads[cpu->thread];
    x.vcpu = vtdpi_sys_vcpu_of(sys, cpu->thread);
    if (x.vcpu != VTDPI_NOBODY) {
        x.guest = &sys->vcpus[x.vcpu];
        x.fixed = &sys->p->vcpus[x.vcpu];
    }
    return x;
}

/* In two parts: compilers clear a whole frame by a string instruction, which is slow to begin. */
static void exec_clear(vtdpi_frame_t *f)
{
    memset(f, 0, offsetof(vtdpi_frame_t, op));
    memset(&f->op, 0, sizeof(f->op));
}

void vtdpi_sys_push(sys_stack_t s, unsigned func, uint64_t a, uint64_t b, uint64_t d, bool async)
{
    VTDPI_ASSERT(s.depth == NULL || *s.depth < s.limit);
    vtdpi_frame_t *f = s.depth == NULL ? s.base : &s.base[*s.depth];
    exec_clear(f);
    f->func = (uint16_t)func;
    f->async = async;
    f->x[0] = a;
    f->x[1] = b;
    f->x[2] = d;
    if (s.depth != NULL) {
        (*s.depth)++;
    }
}

/*
 * The host's last interrupt frame is gone: interrupts are on again, if they were. If the scheduler
 * wants the CPU and the thread can lose it, its frame is pushed; returns whether it was.
 */
static bool exec_irq_done(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    vtdpi_thread_t *thread = &sys->threads[cpu->thread];
    cpu->host_if = cpu->irq_if;
    if (cpu->host_if == 0) { /* an NMI in the middle of something */
        return false;
    }
    vtdpi_sys_posted_done(sys, c);
    bool preemptible =
        sys->p->protocol->preemptible || sys->p->threads[cpu->thread].kind == VTDPI_THREAD_VMM;
    if (!cpu->need_resched || !preemptible || thread->preempt_off != 0) {
        return false;
    }
    vtdpi_sys_push(vtdpi_sys_thread_stack(sys, cpu->thread), VTDPI_FN_schedule, 1, 0, 0, true);
    return true;
}

/* What goes on after a frame is gone. */
typedef enum {
    EXEC_STOP,   /* the operation of the frame below was never performed, or nothing is below */
    EXEC_RESULT, /* the frame below, with a result */
    EXEC_THREAD, /* the scheduler's frame on the thread's stack */
} exec_then_t;

static exec_then_t exec_pop(vtdpi_system_t *sys, uint32_t c, sys_stack_t s)
{
    vtdpi_frame_t *f = vtdpi_sys_stack_top(s);
    bool async = f->async != 0;
    exec_clear(f);
    if (s.depth == NULL) {
        return EXEC_STOP;
    }
    (*s.depth)--;
    if (*s.depth == 0) {
        VTDPI_ASSERT(s.depth == &sys->cpus[c].irq_depth);
        return exec_irq_done(sys, c) ? EXEC_THREAD : EXEC_STOP;
    }
    return async ? EXEC_STOP : EXEC_RESULT;
}

/* Scalars and a pointer, not structures: those would go through memory, and be read back wider than
 * they were written. */
static void exec_run(vtdpi_system_t *sys, uint32_t c, vtdpi_frame_t *base, uint8_t *depth,
                     uint32_t limit, const vtdpi_result_t *result)
{
    sys_stack_t s = {base, depth, limit, 0};
    vtdpi_ctx_t x = exec_context(sys, c);
    vtdpi_frame_t *f = vtdpi_sys_stack_top(s);
    vtdpi_op_t op = frame_function(sys, f->func)(&x, f, *result);
    for (;;) {
        uint64_t value = 0;
        if (op.kind == VTDPI_OP_CALL) {
            vtdpi_sys_push(s, op.arg, op.a, op.b, op.c, false);
        } else if (op.kind == VTDPI_OP_RETURN) {
            exec_then_t then = exec_pop(sys, c, s);
            if (then == EXEC_STOP) {
                return;
            }
            value = then == EXEC_RESULT ? op.a : 0;
            s = then == EXEC_THREAD ? vtdpi_sys_thread_stack(sys, sys->cpus[c].thread) : s;
        } else {
            f->op = op;
            return;
        }
        f = vtdpi_sys_stack_top(s);
        op = frame_function(sys, f->func)(&x, f, vtdpi_sys_result(value));
    }
}

/* The guest's program is brought to its first instruction before any CPU runs it. */
void vtdpi_sys_first_guest(vtdpi_system_t *sys, uint32_t v)
{
    vtdpi_ctx_t x = exec_context(sys, 0);
    x.vcpu = v;
    x.guest = &sys->vcpus[v];
    x.fixed = &sys->p->vcpus[v];
    vtdpi_frame_t *f = &sys->vcpus[v].frame[0];
    f->op = frame_function(sys, f->func)(&x, f, vtdpi_sys_result(0));
}

void vtdpi_sys_resume(vtdpi_system_t *sys, uint32_t c, sys_stack_t s, const vtdpi_result_t *r)
{
    exec_run(sys, c, s.base, s.depth, s.limit, r);
    sys->serial[c]++;
}

void vtdpi_sys_start(vtdpi_system_t *sys, uint32_t c, sys_stack_t s)
{
    static const vtdpi_result_t nothing = {{0, 0}, 0};
    vtdpi_sys_resume(sys, c, s, &nothing);
}

void vtdpi_sys_advance(vtdpi_system_t *sys, uint32_t c, sys_stack_t s, vtdpi_result_t r)
{
    vtdpi_sys_resume(sys, c, s, &r);
}

void vtdpi_sys_microcode(vtdpi_system_t *sys, uint32_t c, unsigned func, uint64_t a, uint64_t b,
                         uint64_t d)
{
    sys_stack_t s = {&sys->cpus[c].ucode, NULL, 1, 0};
    VTDPI_ASSERT(s.base->func == VTDPI_FN_none);
    vtdpi_sys_push(s, func, a, b, d, false);
    vtdpi_sys_start(sys, c, s);
}
