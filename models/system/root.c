/*
 * Operations of host software on its own CPU: flags, local APIC, IPIs, deadlines, registers of the
 * remapping unit, the host's records of interrupts.
 */
#include "vtdpi/iommu_unit.h"
#include "vtdpi/lapic_access.h"

#include "internal.h"

/* Operand b of ROUTE: vCPU 31:0, vector 39:32, attached 40. */
enum { ROUTE_VECTOR_LOW = 32, ROUTE_ATTACHED_LOW = 40 };

/* Where the destination of an IPI stands in ICR. */
enum { ICR_DEST_XAPIC_LOW = 56, ICR_DEST_X2APIC_LOW = 32 };

static void root_eoi(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_lapic_eoi_t eoi = vtdpi_lapic_eoi(&sys->cpus[c].apic);
    VTDPI_ASSERT(eoi.vector >= 0);
    vtdpi_sys_see(sys, VTDPI_EV_eoi, c, (uint64_t)eoi.vector, 0, 0, 0);
    vtdpi_sys_touch_cpu(sys, c);
}

/* An IPI is a message like any other, to oneself too. */
static void root_ipi(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    bool x2apic = sys->p->x2apic;
    uint64_t icr = op->a | (op->b << (x2apic ? ICR_DEST_X2APIC_LOW : ICR_DEST_XAPIC_LOW));
    vtdpi_lapic_icr_t d = vtdpi_lapic_icr_decode(icr, x2apic, sys->cpus[c].apic.switches);
    VTDPI_ASSERT(d.send == 1);
    vtdpi_sys_see(sys, VTDPI_EV_ipi_sent, c, op->b, op->a, 0, 0);
    int m = vtdpi_sys_send(sys, &d.msg, VTDPI_NOBODY, 0);
    VTDPI_ASSERT(m >= 0);
    uint32_t slot = vtdpi_sys_take_posted(sys, c);
    if (slot != 0) { /* the IPI tells of what was posted: it carries it on */
        sys->ghost_message[m] = slot;
        vtdpi_sys_place(sys, slot, VTDPI_AT_MESSAGE, (uint32_t)m);
    }
}

static void root_mmio_write(vtdpi_system_t *sys, const vtdpi_op_t *op)
{
    uint32_t offset = (uint32_t)op->a;
    uint32_t bytes = (offset & 7U) == 0 ? 8 : 4;
    uint32_t unit = (uint32_t)op->c;
    VTDPI_ASSERT(unit < sys->p->unit_count);
    vtdpi_iommu_write_t w =
        vtdpi_iommu_write(&sys->iommu[unit], &sys->p->iommu, offset, bytes, op->b);
    VTDPI_ASSERT((w.effects & VTDPI_EFFECT_MISUSE) == 0); /* the driver keeps to the protocol */
    if ((w.effects & VTDPI_EFFECT_IEC_FLUSH) != 0) {
        vtdpi_iec_invalidate_all(vtdpi_sys_iec(sys, unit), &sys->p->iommu);
    }
    if (w.event.send) { /* one that was held back while it was masked */
        int m = vtdpi_sys_send(sys, &w.event.msg, VTDPI_NOBODY, unit + 1);
        VTDPI_ASSERT(m >= 0);
        (void)m;
    }
    vtdpi_sys_touch(sys, sys->actor.queue + unit);
}

static uint64_t root_take(vtdpi_system_t *sys, uint32_t c)
{
    uint32_t t = sys->cpus[c].thread;
    for (uint32_t s = 0; s < sys->p->source_count; s++) {
        if (sys->p->sources[s].vmm_thread == t && sys->sources[s].raised > 0) {
            sys->sources[s].raised--;
            return s;
        }
    }
    return VTDPI_NOBODY;
}

static uint64_t root_take_tool(vtdpi_system_t *sys)
{
    for (uint32_t e = 0; e < sys->p->event_count; e++) {
        if (sys->tools[e].event > 0) {
            sys->tools[e].event--;
            return e;
        }
    }
    return VTDPI_NOBODY;
}

/* Source whose host interrupt is [vector] on CPU [c], by its present place or by the one before the
 * last move. */
uint32_t vtdpi_sys_route_of(const vtdpi_system_t *sys, uint32_t c, uint64_t vector)
{
    for (uint32_t s = 0; s < sys->p->source_count && vector != 0; s++) {
        const vtdpi_source_t *source = &sys->sources[s];
        if ((source->host_vector == vector && source->host_cpu == c) ||
            (source->old_vector == vector && source->old_cpu == c)) {
            return s;
        }
    }
    return VTDPI_NOBODY;
}

/* Lowest vector of the pool of [cpu] that no source has, or 0. */
uint32_t vtdpi_sys_allocate(const vtdpi_system_t *sys, uint32_t cpu)
{
    for (uint32_t i = 0; i < sys->p->host_vectors; i++) {
        uint32_t vector = VTDPI_HV_FIRST_DEVICE + i;
        if (vtdpi_sys_route_of(sys, cpu, vector) == VTDPI_NOBODY) {
            return vector;
        }
    }
    return 0;
}

static void root_route(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    VTDPI_ASSERT(op->a < sys->p->source_count);
    vtdpi_source_t *s = &sys->sources[op->a];
    uint32_t cpu = (uint32_t)op->c;
    r->v[0] = 1;
    if (cpu != VTDPI_NOBODY) {
        uint32_t vector = vtdpi_sys_allocate(sys, cpu);
        if (vector == 0) {
            vtdpi_sys_see(sys, VTDPI_EV_host_vectors_exhausted, c, op->a, cpu, 0, 0);
            r->v[0] = 0;
            return;
        }
        vtdpi_sys_see(sys, VTDPI_EV_host_vector_allocated, c, op->a, cpu, vector, 0);
        s->old_cpu = s->host_cpu;
        s->old_vector = s->host_vector;
        s->host_cpu = cpu;
        s->host_vector = (uint8_t)vector;
    }
    s->vcpu = (uint32_t)op->b;
    s->vector = (uint8_t)(op->b >> ROUTE_VECTOR_LOW);
    s->attached = (uint8_t)((op->b >> ROUTE_ATTACHED_LOW) & 1U);
}

static void root_raise(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op)
{
    VTDPI_ASSERT(op->a < sys->p->source_count);
    const vtdpi_source_t *s = &sys->sources[op->a];
    uint32_t slot = vtdpi_sys_born(sys, (uint32_t)op->a, VTDPI_AT_CPU, c);
    if (sys->p->ghost) {
        sys->ghost_source[op->a] = slot;
    }
    vtdpi_sys_see(sys, VTDPI_EV_irq_raised, c, op->a, s->vcpu, 0, 0);
}

/* The host gives the interrupt of a source up that no guest owns any more. */
static void root_drop(vtdpi_system_t *sys, const vtdpi_op_t *op)
{
    if (!sys->p->ghost || (op->flags & VTDPI_OPF_DROP) == 0) {
        return;
    }
    vtdpi_sys_seal(sys, sys->ghost_source[op->arg], VTDPI_FATE_LOST, 0, 0);
    sys->ghost_source[op->arg] = 0;
}

static bool root_local(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    switch (op->kind) {
    case VTDPI_OP_CLI:
        sys->cpus[c].host_if = 0;
        return true;
    case VTDPI_OP_STI:
        sys->cpus[c].host_if = 1;
        return true;
    case VTDPI_OP_SPEND:
        root_drop(sys, op);
        return true;
    case VTDPI_OP_IRET:
        sys->cpus[c].nmi_blocked = 0;
        return true;
    case VTDPI_OP_CLOCK:
        r->v[0] = sys->now_ps;
        return true;
    case VTDPI_OP_EOI:
        root_eoi(sys, c);
        return true;
    case VTDPI_OP_IPI:
    case VTDPI_OP_IPI_MMIO:
        root_ipi(sys, c, op);
        return true;
    default:
        return false;
    }
}

bool vtdpi_sys_root(vtdpi_system_t *sys, uint32_t c, const vtdpi_op_t *op, vtdpi_result_t *r)
{
    if (root_local(sys, c, op, r)) {
        return true;
    }
    switch (op->kind) {
    case VTDPI_OP_MMIO_WRITE:
        root_mmio_write(sys, op);
        return true;
    case VTDPI_OP_MMIO_READ:
        r->v[0] = vtdpi_iommu_read(&sys->iommu[op->c], &sys->p->iommu, (uint32_t)op->a,
                                   (op->a & 7U) == 0 ? 8 : 4);
        return true;
    case VTDPI_OP_TAKE:
        r->v[0] = root_take(sys, c);
        return true;
    case VTDPI_OP_TAKE_TOOL:
        r->v[0] = root_take_tool(sys);
        return true;
    case VTDPI_OP_ROUTE_OF:
        r->v[0] = vtdpi_sys_route_of(sys, c, op->a);
        return true;
    case VTDPI_OP_ROUTE:
        root_route(sys, c, op, r);
        return true;
    case VTDPI_OP_RAISE:
        root_raise(sys, c, op);
        return true;
    default:
        return false;
    }
}
