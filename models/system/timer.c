/*
 * Deadlines: the local APIC's timer, the host's software timers behind it, the scheduler's tick,
 * and the VMX-preemption timer.
 *
 * *Choice:* the tick and the software timers are two clients of one APIC timer, each with a
 * deadline of its own; both raise LVT timer. The time-stamp counter runs at the clock of the cores,
 * the APIC timer at that of the crystal. Spec: SDM 3A, "APIC Timer"; SDM 3C, "VMX-Preemption
 * Timer".
 */
#include "vtdpi/lapic_access.h"

#include "internal.h"

/* Crystal clock of 25 MHz, undivided. */
enum { CRYSTAL_PS = 40000, DIVIDE_BY_1 = 0xB };

enum { LVT_ONE_SHOT = 0, LVT_DEADLINE = 2 << 17 };

/* Of TIMER_SET: the APIC timer stays as it is. */
#define TIMER_LEAVE UINT64_MAX

void vtdpi_sys_arm(vtdpi_system_t *sys, uint32_t c, uint32_t slot, uint64_t ps)
{
    uint32_t timer = (c * VTDPI_SLOTS) + slot;
    sys->cpus[c].armed |= 1U << slot;
    sys->arm = timer;
    sys->arm_ps = ps;
    vtdpi_sys_touch(sys, sys->actor.timer + timer);
}

void vtdpi_sys_disarm(vtdpi_system_t *sys, uint32_t c, uint32_t slot)
{
    sys->cpus[c].armed &= ~(1U << slot);
    vtdpi_sys_touch(sys, sys->actor.timer + (c * VTDPI_SLOTS) + slot);
}

static vtdpi_lapic_access_t timer_register(vtdpi_system_t *sys, uint32_t c, uint32_t offset,
                                           uint32_t value)
{
    vtdpi_lapic_t *apic = &sys->cpus[c].apic;
    return sys->p->x2apic ? vtdpi_lapic_wrmsr(apic, VTDPI_LAPIC_MSR_FIRST + (offset >> 4), value)
                          : vtdpi_lapic_mmio_write(apic, offset, value);
}

/* As the host's boot sets it up. */
void vtdpi_sys_timer_init(vtdpi_system_t *sys, uint32_t c)
{
    unsigned mode = sys->p->timer_one_shot ? LVT_ONE_SHOT : LVT_DEADLINE;
    vtdpi_lapic_access_t divide = timer_register(sys, c, VTDPI_LAPIC_REG_TIMER_DIVIDE, DIVIDE_BY_1);
    vtdpi_lapic_access_t lvt =
        timer_register(sys, c, VTDPI_LAPIC_REG_LVT_TIMER, (uint32_t)VTDPI_HV_TIMER | mode);
    VTDPI_ASSERT(divide.ok && lvt.ok);
}

/* Writes the register that starts the timer; a count is a whole number of crystal periods. */
static void timer_start(vtdpi_system_t *sys, uint32_t c, uint64_t ps)
{
    vtdpi_lapic_t *apic = &sys->cpus[c].apic;
    vtdpi_lapic_access_t done;
    if (sys->p->timer_one_shot) {
        uint64_t count = (ps + CRYSTAL_PS - 1) / CRYSTAL_PS;
        count = count == 0 ? 1 : count > UINT32_MAX ? UINT32_MAX : count;
        done = timer_register(sys, c, VTDPI_LAPIC_REG_TIMER_INITIAL, (uint32_t)count);
        VTDPI_ASSERT(done.effect == VTDPI_LAPIC_DO_TIMER_ARM);
        vtdpi_sys_arm(sys, c, VTDPI_SLOT_TIMER, vtdpi_lapic_timer_ticks(apic) * CRYSTAL_PS);
        return;
    }
    uint64_t tsc = sys->now_ps + ps; /* any value but 0: what counts is when it is reached */
    done = vtdpi_lapic_wrmsr(apic, VTDPI_LAPIC_MSR_DEADLINE, tsc == 0 ? 1 : tsc);
    VTDPI_ASSERT(done.effect == VTDPI_LAPIC_DO_DEADLINE_ARM);
    vtdpi_sys_arm(sys, c, VTDPI_SLOT_TIMER, ps);
}

static void timer_stop(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_lapic_access_t done =
        sys->p->timer_one_shot ? timer_register(sys, c, VTDPI_LAPIC_REG_TIMER_INITIAL, 0)
                               : vtdpi_lapic_wrmsr(&sys->cpus[c].apic, VTDPI_LAPIC_MSR_DEADLINE, 0);
    VTDPI_ASSERT(done.ok);
    vtdpi_sys_disarm(sys, c, VTDPI_SLOT_TIMER);
}

/* First vCPU, by time and number, whose software timer is in the queue of CPU [c]. */
static uint32_t timer_first(const vtdpi_system_t *sys, uint32_t c)
{
    uint32_t first = VTDPI_NOBODY;
    for (uint32_t v = 0; v < sys->p->vcpu_count; v++) {
        const vtdpi_vcpu_t *guest = &sys->vcpus[v];
        if (guest->soft_ps != 0 && guest->soft_cpu == c &&
            (first == VTDPI_NOBODY || guest->soft_ps < sys->vcpus[first].soft_ps)) {
            first = v;
        }
    }
    return first;
}

/* Operand of APIC_TIMER for the queue of CPU [c]. */
static uint64_t timer_program(const vtdpi_system_t *sys, uint32_t c)
{
    uint32_t v = timer_first(sys, c);
    if (v == VTDPI_NOBODY) {
        return 0;
    }
    uint64_t at = sys->vcpus[v].soft_ps;
    return 1 + (at > sys->now_ps ? at - sys->now_ps : 0);
}

static void timer_set(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    VTDPI_ASSERT(op->a < sys->p->vcpu_count);
    vtdpi_vcpu_t *guest = &sys->vcpus[op->a];
    bool queued = guest->soft_ps != 0;
    bool here = queued && guest->soft_cpu == c;
    guest->soft_ps = op->b;
    guest->soft_cpu = op->b == 0 ? 0 : c;
    r->v[0] = here || op->b != 0 ? timer_program(sys, c) : TIMER_LEAVE;
    r->v[1] = queued;
}

/* A timer is due when its time has come; time stands still in an exploration: there each expiry
 * makes the first one due. */
static void timer_take(vtdpi_system_t *sys, uint32_t c, vtdpi_result_t *r)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    uint32_t v = timer_first(sys, c);
    bool due = v != VTDPI_NOBODY &&
               (sys->p->explore ? cpu->timer_due != 0 : sys->vcpus[v].soft_ps <= sys->now_ps);
    cpu->timer_due = 0;
    if (due) {
        sys->vcpus[v].soft_ps = 0;
        sys->vcpus[v].soft_cpu = 0;
    }
    r->v[0] = due ? v : VTDPI_NOBODY;
    r->v[1] = timer_program(sys, c);
    r->ok = cpu->tick_due;
}

bool vtdpi_sys_timer(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    switch (op->kind) {
    case VTDPI_OP_APIC_TIMER:
        if (op->a == 0) {
            timer_stop(sys, c);
        } else {
            timer_start(sys, c, op->a - 1);
        }
        return true;
    case VTDPI_OP_TIMER_SET:
        timer_set(sys, c, op, r);
        return true;
    case VTDPI_OP_TIMER_TAKE:
        timer_take(sys, c, r);
        return true;
    default:
        return false;
    }
}

/* @rule sdm.preemption-timer.start | SDM 3C | VMX-Preemption Timer | VM entry loads the timer with
 * the VMCS value; it counts down in non-root operation, and a value of 0 is due before the guest's
 * first instruction. */
void vtdpi_sys_preemption_start(vtdpi_system_t *sys, uint32_t c)
{
    const vtdpi_vcpu_t *guest = vtdpi_sys_guest_of(sys, c);
    if (!vtdpi_ctl_preemption_timer(guest->controls)) {
        return;
    }
    uint64_t value = guest->vmcs.preemption_value;
    if (value == 0) {
        sys->cpus[c].preemption = 1;
    } else if (value != UINT32_MAX || !sys->p->explore) {
        vtdpi_sys_arm(sys, c, VTDPI_SLOT_PREEMPTION,
                      vtdpi_tsc_ps(sys->p, value << VTDPI_PREEMPTION_SHIFT));
    }
}

void vtdpi_sys_preemption_stop(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    cpu->preemption = 0;
    if (((cpu->armed >> VTDPI_SLOT_PREEMPTION) & 1U) != 0) {
        vtdpi_sys_disarm(sys, c, VTDPI_SLOT_PREEMPTION);
    }
}

/* The scheduler's tick has a deadline of its own: whatever the APIC timer is armed for stays. */
static void expire_tick(vtdpi_cpu_t *cpu)
{
    cpu->tick = 0;
    cpu->tick_due = 1;
    (void)vtdpi_lapic_lvt_event(&cpu->apic, VTDPI_LAPIC_LVT_TIMER);
}

void vtdpi_sys_expire(vtdpi_system_t *sys, uint32_t c, uint32_t slot)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    cpu->armed &= ~(1U << slot);
    vtdpi_sys_see(sys, VTDPI_EV_timer_expired, c, slot, 0, 0, 0);
    switch (slot) {
    case VTDPI_SLOT_TICK:
        expire_tick(cpu);
        break;
    case VTDPI_SLOT_TIMER:
        cpu->timer_due = 1;
        (void)vtdpi_lapic_timer_expire(&cpu->apic);
        break;
    case VTDPI_SLOT_PREEMPTION:
    default:
        cpu->preemption = 1;
        break;
    }
    vtdpi_sys_touch_cpu(sys, c);
}
