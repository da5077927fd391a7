/*
 * The block of state: its layout, its initial contents, its hash.
 */
#include "vtdpi/iommu_unit.h"

#include "internal.h"

#include <string.h>

/* Parts of the block in their order; ghost data comes last and is not hashed. */
enum { ALIGN = 64 };

static size_t block_take(size_t *at, size_t bytes)
{
    size_t here = *at;
    *at = (here + bytes + (ALIGN - 1)) & ~(size_t)(ALIGN - 1);
    return here;
}

static uint32_t block_irte_lines(const vtdpi_platform_t *p)
{
    return p->unit_count * vtdpi_irte_lines(p);
}

static size_t layout_ghost(vtdpi_system_t *sys, const vtdpi_platform_t *p, uint8_t *b, size_t at)
{
    sys->polling = (uint64_t *)(void *)(b + block_take(&at, sizeof(uint64_t)));
    if (!p->ghost) {
        return at;
    }
    sys->next_id = (uint32_t *)(void *)(b + block_take(&at, sizeof(uint32_t)));
    sys->live_high = (uint32_t *)(void *)(b + block_take(&at, sizeof(uint32_t)));
    sys->live =
        (vtdpi_live_t *)(void *)(b + block_take(&at, sizeof(vtdpi_live_t) * VTDPI_LIVE_MAX));
    sys->ghost_vcpu =
        (vtdpi_ghost_vcpu_t *)(void *)(b +
                                       block_take(&at, sizeof(vtdpi_ghost_vcpu_t) * p->vcpu_count));
    sys->ghost_cpu = (vtdpi_ghost_cpu_t *)(void *)(b + block_take(&at, sizeof(vtdpi_ghost_cpu_t) *
                                                                           p->cpu_count));
    sys->ghost_source =
        (uint32_t *)(void *)(b + block_take(&at, sizeof(uint32_t) * (p->source_count + 1)));
    sys->ghost_request =
        (uint32_t *)(void *)(b + block_take(&at, sizeof(uint32_t) * VTDPI_REQUESTS_MAX));
    sys->ghost_message =
        (uint32_t *)(void *)(b + block_take(&at, sizeof(uint32_t) * VTDPI_MESSAGES_MAX));
    return at;
}

/* Computes every view; with a NULL block only sizes are meant. */
static void layout_bind(vtdpi_system_t *sys, const vtdpi_platform_t *p, uint8_t *b)
{
    size_t at = 0;
    sys->lines =
        (uint64_t *)(void *)(b + block_take(&at, (size_t)p->line_count * VTDPI_LINE_BYTES));
    sys->flushed =
        (uint64_t *)(void *)(b + block_take(&at, (size_t)block_irte_lines(p) * VTDPI_LINE_BYTES));
    sys->cpus = (vtdpi_cpu_t *)(void *)(b + block_take(&at, sizeof(vtdpi_cpu_t) * p->cpu_count));
    sys->threads =
        (vtdpi_thread_t *)(void *)(b + block_take(&at, sizeof(vtdpi_thread_t) * p->thread_count));
    sys->vcpus =
        (vtdpi_vcpu_t *)(void *)(b + block_take(&at, sizeof(vtdpi_vcpu_t) * p->vcpu_count));
    sys->iommu =
        (vtdpi_iommu_t *)(void *)(b + block_take(&at, sizeof(vtdpi_iommu_t) * p->unit_count));
    sys->iec = (vtdpi_iec_entry_t *)(void *)(b + block_take(&at, sizeof(vtdpi_iec_entry_t) *
                                                                     p->iommu.iec_entries *
                                                                     p->unit_count));
    sys->requests = (vtdpi_request_t *)(void *)(b + block_take(&at, sizeof(vtdpi_request_t) *
                                                                        VTDPI_REQUESTS_MAX));
    sys->messages = (vtdpi_message_t *)(void *)(b + block_take(&at, sizeof(vtdpi_message_t) *
                                                                        VTDPI_MESSAGES_MAX));
    sys->sources =
        (vtdpi_source_t *)(void *)(b + block_take(&at, sizeof(vtdpi_source_t) * p->source_count));
    sys->queue =
        (vtdpi_queue_t *)(void *)(b + block_take(&at, sizeof(vtdpi_queue_t) * p->unit_count));
    sys->outside = (uint32_t *)(void *)(b + block_take(&at, sizeof(uint32_t) * p->event_count));
    sys->tools =
        (vtdpi_tool_t *)(void *)(b + block_take(&at, sizeof(vtdpi_tool_t) * p->event_count));
    sys->hashed = at;
    sys->size = layout_ghost(sys, p, b, at);
}

size_t vtdpi_system_size(const vtdpi_platform_t *p)
{
    static _Alignas(ALIGN) const uint8_t nothing[ALIGN];
    vtdpi_system_t sys;
    memset(&sys, 0, sizeof(sys));
    uint8_t *base = NULL;
    const uint8_t *origin = nothing;
    memcpy(&base, &origin, sizeof(base));
    layout_bind(&sys, p, base);
    return sys.size;
}

static void bind_actors(vtdpi_system_t *sys)
{
    const vtdpi_platform_t *p = sys->p;
    vtdpi_actors_t *a = &sys->actor;
    a->cpu = 0;
    a->drain = p->cpu_count;
    a->timer = a->drain + p->cpu_count;
    a->request = a->timer + (p->cpu_count * VTDPI_SLOTS);
    a->message = a->request + p->request_count;
    a->source = a->message + VTDPI_MESSAGES_MAX;
    a->queue = a->source + p->source_count;
    a->outside = a->queue + p->unit_count;
    a->evict = a->outside + p->event_count;
    a->count = a->evict + 1;
}

void vtdpi_system_bind(vtdpi_system_t *sys, const vtdpi_platform_t *p, void *block)
{
    VTDPI_ASSERT(p->cpu_count > 0 && p->cpu_count <= VTDPI_CPUS_MAX);
    VTDPI_ASSERT(p->unit_count > 0 && p->unit_count <= VTDPI_UNITS_MAX);
    VTDPI_ASSERT(p->request_count >= p->unit_count && p->request_count <= VTDPI_REQUESTS_MAX);
    VTDPI_ASSERT(p->store_buffer > 0 && p->store_buffer <= VTDPI_STORE_BUFFER_MAX);
    memset(sys, 0, sizeof(*sys));
    sys->p = p;
    sys->block = block;
    layout_bind(sys, p, block);
    bind_actors(sys);
    sys->moved_line = VTDPI_NO_LINE;
}

uint32_t vtdpi_line_at(const vtdpi_platform_t *p, uint64_t paddr)
{
    uint32_t low = 0;
    uint32_t high = p->line_count;
    uint64_t base = paddr & ~(uint64_t)(VTDPI_LINE_BYTES - 1);
    while (low < high) {
        uint32_t mid = low + ((high - low) / 2);
        if (p->lines[mid].paddr < base) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < p->line_count && p->lines[low].paddr == base ? low : (uint32_t)VTDPI_NO_LINE;
}

/* The entry that the host writes for a source before anything runs. */
static void init_irte(vtdpi_system_t *sys, uint32_t s)
{
    const vtdpi_source_fixed_t *fixed = &sys->p->sources[s];
    uint64_t irte[2] = {0, 0};
    bool posted = sys->p->protocol->posting && fixed->attached;
    if (posted) {
        vtdpi_irte_posted_t f = {0};
        f.pid_paddr = sys->p->lines[sys->p->vcpus[fixed->vcpu].pid].paddr;
        f.sid = fixed->requester;
        f.vv = fixed->vector;
        f.svt = VTDPI_SVT_SID;
        f.p = true;
        f.urg = fixed->urgent != 0;
        vtdpi_irte_posted_make(&f, irte);
    } else if (fixed->host_vector != 0) {
        vtdpi_irte_remapped_t f = {0};
        f.dst = sys->cpus[fixed->host_cpu].apic.id;
        f.sid = fixed->requester;
        f.v = fixed->host_vector;
        f.svt = VTDPI_SVT_SID;
        f.p = true;
        f.rh = true;
        vtdpi_irte_remapped_make(&f, sys->p->x2apic, irte);
    }
    uint32_t line =
        sys->p->irte_line + (fixed->unit * vtdpi_irte_lines(sys->p)) + (fixed->irte / 4);
    unsigned word = (fixed->irte % 4) * 2;
    sys->lines[(line * VTDPI_LINE_WORDS) + word] = irte[0];
    sys->lines[(line * VTDPI_LINE_WORDS) + word + 1] = irte[1];
}

/* What the device is told: the index of its entry, or, without remapping, CPU and vector. */
static void init_msi(vtdpi_system_t *sys, uint32_t s)
{
    const vtdpi_source_fixed_t *fixed = &sys->p->sources[s];
    vtdpi_source_t *source = &sys->sources[s];
    if (!sys->p->iommu.ir) {
        vtdpi_intr_msg_t msg = {0};
        msg.dest = sys->cpus[fixed->host_cpu].apic.id;
        msg.vector = fixed->host_vector;
        msg.level = 1;
        source->msi = vtdpi_msi_compat_make(msg);
        return;
    }
    source->msi.addr = vtdpi_msi_address((uint16_t)fixed->handle, fixed->subhandle_valid != 0);
    source->msi.data = fixed->irte - fixed->handle;
    init_irte(sys, s);
}

static void init_source(vtdpi_system_t *sys, uint32_t s)
{
    const vtdpi_source_fixed_t *fixed = &sys->p->sources[s];
    vtdpi_source_t *source = &sys->sources[s];
    bool emulated = fixed->vmm_thread != VTDPI_NOBODY;
    source->vcpu = fixed->vcpu;
    source->host_cpu = fixed->host_cpu;
    source->budget = fixed->budget;
    source->vector = fixed->vector;
    source->host_vector = fixed->host_vector;
    source->attached = fixed->attached;
    bool posted = sys->p->protocol->posting && fixed->attached;
    source->enabled = emulated || posted || fixed->host_vector != 0;
    if (!emulated) {
        init_msi(sys, s);
    }
}

/* Bits of GCMD and of IRTA. */
enum { GCMD_SIRTP = 1 << 24, GCMD_IRE = 1 << 25, GCMD_QIE = 1 << 26, IRTA_EIME = 1 << 11 };

static void init_unit(vtdpi_system_t *sys, uint32_t unit)
{
    const vtdpi_platform_t *p = sys->p;
    vtdpi_iommu_t *u = &sys->iommu[unit];
    unsigned size = vtdpi_highest_bit(p->irte_count) - 1;
    uint64_t irta = vtdpi_irta(p, unit) | size | (p->x2apic ? IRTA_EIME : 0);
    uint32_t gcmd = vtdpi_reg_offset(VTDPI_REG_GCMD);
    vtdpi_iommu_init(u, &p->iommu);
    if (p->queue_count > 0) {
        vtdpi_iommu_write(u, &p->iommu, vtdpi_reg_offset(VTDPI_REG_IQA), 8,
                          p->lines[p->queue_line + (unit * vtdpi_queue_lines(p))].paddr);
        vtdpi_iommu_write(u, &p->iommu, gcmd, 4, GCMD_QIE);
    }
    uint64_t level = p->queue_count > 0 ? GCMD_QIE : 0;
    vtdpi_iommu_write(u, &p->iommu, vtdpi_reg_offset(VTDPI_REG_IRTA), 8, irta);
    if (p->iommu.ir) {
        vtdpi_iommu_write(u, &p->iommu, gcmd, 4, level | GCMD_SIRTP);
        vtdpi_iommu_write(u, &p->iommu, gcmd, 4, level | GCMD_IRE);
    }
}

/* Devices that are bound to vCPUs of [vm] from the start. */
static uint64_t init_bypass(const vtdpi_system_t *sys, uint32_t vm)
{
    uint64_t n = 0;
    for (uint32_t s = 0; s < sys->p->source_count; s++) {
        const vtdpi_source_fixed_t *source = &sys->p->sources[s];
        n += source->attached && source->vmm_thread == VTDPI_NOBODY &&
             sys->p->vcpus[source->vcpu].vm == vm;
    }
    return sys->p->protocol->posting ? n : 0;
}

static void init_descriptor(vtdpi_system_t *sys, uint32_t v, uint64_t bypass)
{
    const vtdpi_vcpu_fixed_t *fixed = &sys->p->vcpus[v];
    vtdpi_pid_ctl_t ctl = {0};
    ctl.nv = VTDPI_HV_ANV;
    ctl.sn = sys->p->protocol->sn_at_start;
    if (sys->p->protocol->softirqs) { /* Xen: the first attached device has filled the marker in */
        uint32_t cpu = sys->p->threads[fixed->thread].start_cpu;
        ctl.ndst = bypass > 0 ? vtdpi_pid_ndst_encode(cpu, sys->p->x2apic) : UINT32_MAX;
    }
    sys->lines[(fixed->pid * VTDPI_LINE_WORDS) + VTDPI_PID_CTL_WORD] = vtdpi_pid_ctl_make(ctl);
}

static void init_vcpu(vtdpi_system_t *sys, uint32_t v)
{
    const vtdpi_vcpu_fixed_t *fixed = &sys->p->vcpus[v];
    vtdpi_vcpu_t *guest = &sys->vcpus[v];
    guest->vmcs = fixed->vmcs;
    guest->controls = vtdpi_vmcs_controls(&fixed->vmcs);
    guest->guest_if = 1;
    if (fixed->pids != VTDPI_NO_LINE) { /* the table is contiguous: an entry by virtual APIC ID */
        sys->lines[((size_t)fixed->pids * VTDPI_LINE_WORDS) + fixed->virtual_id] =
            sys->p->lines[fixed->pid].paddr | 1U;
    }
    uint64_t bypass = init_bypass(sys, fixed->vm);
    init_descriptor(sys, v, bypass);
    if (v == 0 || sys->p->vcpus[v - 1].vm != fixed->vm) {
        sys->lines[(fixed->state * VTDPI_LINE_WORDS) + VTDPI_VW_BYPASS] = bypass;
    }
}

static void init_threads(vtdpi_system_t *sys)
{
    for (uint32_t t = 0; t < sys->p->thread_count; t++) {
        const vtdpi_thread_fixed_t *fixed = &sys->p->threads[t];
        vtdpi_thread_t *th = &sys->threads[t];
        memcpy(th->affinity, fixed->affinity, sizeof(th->affinity));
        th->last_cpu = VTDPI_NOBODY;
        th->prev = VTDPI_NOBODY;
        vtdpi_sys_push(vtdpi_sys_thread_stack(sys, t), VTDPI_FN_start, 0, 0, 0, false);
        th->cpu = fixed->start_cpu;
        if (fixed->kind == VTDPI_THREAD_IDLE) {
            th->on_cpu = 1;
        } else {
            th->state = VTDPI_TS_BLOCKED;
            vtdpi_sys_enqueue(sys, t, fixed->start_cpu);
        }
    }
}

static uint8_t init_switches(const vtdpi_switches_t *s)
{
    return (uint8_t)((s->ppr_equal != 0 ? VTDPI_LAPIC_PPR_EQUAL_ZERO : 0) |
                     (s->init_deassert != 0 ? VTDPI_LAPIC_INIT_DEASSERT : 0) |
                     (s->ipi_illegal_vector != 0 ? VTDPI_LAPIC_SEND_ILLEGAL : 0) |
                     (s->lvt_illegal_at_write != 0 ? VTDPI_LAPIC_LVT_EAGER : 0));
}

static void init_cpu(vtdpi_system_t *sys, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    vtdpi_lapic_init(&cpu->apic, c, c == 0, init_switches(&sys->p->switches));
    cpu->apic.mode = sys->p->x2apic ? VTDPI_LAPIC_X2APIC : VTDPI_LAPIC_XAPIC;
    cpu->apic.svr = 0x100U | VTDPI_HV_SPURIOUS;
    cpu->thread = c;
    cpu->next = c;
    cpu->vcpu = VTDPI_NOBODY;
    cpu->host_if = 0;
    vtdpi_sys_timer_init(sys, c);
}

void vtdpi_system_init(vtdpi_system_t *sys)
{
    const vtdpi_platform_t *p = sys->p;
    memset(sys->block, 0, sys->size);
    for (uint32_t c = 0; c < p->cpu_count; c++) {
        init_cpu(sys, c);
    }
    for (uint32_t v = 0; v < p->vcpu_count; v++) {
        init_vcpu(sys, v);
        vtdpi_sys_push(vtdpi_sys_guest_stack(sys, v), VTDPI_FN_guest_program, 0, 0, 0, false);
    }
    for (uint32_t s = 0; s < p->source_count; s++) {
        init_source(sys, s);
    }
    memcpy(sys->flushed, &sys->lines[(size_t)p->irte_line * VTDPI_LINE_WORDS],
           (size_t)block_irte_lines(p) * VTDPI_LINE_BYTES);
    for (uint32_t u = 0; u < p->unit_count; u++) {
        init_unit(sys, u);
    }
    init_threads(sys);
    for (uint32_t c = 0; c < p->cpu_count; c++) {
        sys->cpus[c].need_resched = vtdpi_sys_queued(sys, c) > 0;
        vtdpi_sys_start(sys, c, vtdpi_sys_thread_stack(sys, c));
    }
    for (uint32_t v = 0; v < p->vcpu_count; v++) {
        vtdpi_sys_first_guest(sys, v);
    }
}
