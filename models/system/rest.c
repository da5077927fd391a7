/*
 * Invariants that can be told from a state in which nobody is in the middle of an update.
 */
#include "internal.h"

static uint64_t rest_bit(vtdpi_monitor_t monitor)
{
    return UINT64_C(1) << (unsigned)monitor;
}

static bool rest_listed(uint64_t node)
{
    return ((node >> 32) & 1U) != 0;
}

/* S1: PIR not empty and SN = 0 imply ON = 1. */
static bool rest_s1(const uint64_t *pid, vtdpi_pid_ctl_t ctl)
{
    return (pid[0] | pid[1] | pid[2] | pid[3]) == 0 || ctl.sn || ctl.on;
}

/* Whether a device can post to vCPU [v] now. */
static bool rest_reachable(const vtdpi_system_t *sys, uint32_t v)
{
    for (uint32_t s = 0; s < sys->p->source_count; s++) {
        if (sys->p->sources[s].vmm_thread == VTDPI_NOBODY && sys->sources[s].attached &&
            sys->sources[s].vcpu == v) {
            return sys->p->protocol->posting;
        }
    }
    return false;
}

/* S3: a sleeping vCPU that takes interrupts and that a device can reach has the wake-up vector, SN
 * = 0, and is on a list. */
static bool rest_s3(const vtdpi_system_t *sys, uint32_t v, vtdpi_pid_ctl_t ctl, uint64_t node)
{
    const vtdpi_thread_t *th = &sys->threads[sys->p->vcpus[v].thread];
    if (th->state != VTDPI_TS_BLOCKED || th->on_cpu || !sys->vcpus[v].guest_if ||
        !rest_reachable(sys, v)) {
        return true;
    }
    return ctl.nv == VTDPI_HV_WNV && !ctl.sn && rest_listed(node);
}

/* S4: the lists hold each vCPU that says that it is on one, once. */
static bool rest_s4(const vtdpi_system_t *sys)
{
    uint32_t listed = 0;
    uint32_t found = 0;
    for (uint32_t v = 0; v < sys->p->vcpu_count; v++) {
        listed += rest_listed(vtdpi_sys_read(sys, sys->p->vcpus[v].state, VTDPI_VW_NODE));
    }
    for (uint32_t c = 0; c < sys->p->cpu_count; c++) {
        uint64_t next = vtdpi_sys_read(sys, sys->p->cpu_lines[c], VTDPI_CW_LIST) & UINT16_MAX;
        for (; next != 0 && found <= listed; found++) {
            next = vtdpi_sys_read(sys, sys->p->vcpus[next - 1].state, VTDPI_VW_NODE) & UINT16_MAX;
        }
    }
    return found == listed;
}

bool vtdpi_system_at_rest(const vtdpi_system_t *sys)
{
    bool rest = true;
    for (uint32_t c = 0; c < sys->p->cpu_count; c++) {
        const vtdpi_cpu_t *cpu = &sys->cpus[c];
        bool halted = vtdpi_sys_top(sys, c)->op.kind == VTDPI_OP_HLT;
        bool guest = cpu->mode == VTDPI_MODE_NONROOT && cpu->ucode.func == VTDPI_FN_none;
        rest = rest && cpu->store_count == 0 && (halted || guest);
    }
    for (uint32_t r = 0; r < sys->p->request_count; r++) {
        rest = rest && sys->requests[r].phase == VTDPI_RQ_FREE;
    }
    for (uint32_t m = 0; m < VTDPI_MESSAGES_MAX; m++) {
        rest = rest && !sys->messages[m].used;
    }
    return rest;
}

uint64_t vtdpi_system_violated(const vtdpi_system_t *sys)
{
    uint64_t violated = rest_s4(sys) ? 0 : rest_bit(VTDPI_MONITOR_s4);
    for (uint32_t v = 0; v < sys->p->vcpu_count; v++) {
        const vtdpi_vcpu_fixed_t *fixed = &sys->p->vcpus[v];
        const uint64_t *pid = &sys->lines[(size_t)fixed->pid * VTDPI_LINE_WORDS];
        vtdpi_pid_ctl_t ctl = vtdpi_pid_ctl_read(pid[VTDPI_PID_CTL_WORD]);
        uint64_t node = vtdpi_sys_read(sys, fixed->state, VTDPI_VW_NODE);
        violated |= rest_s1(pid, ctl) ? 0 : rest_bit(VTDPI_MONITOR_s1);
        violated |= rest_s3(sys, v, ctl, node) ? 0 : rest_bit(VTDPI_MONITOR_s3);
    }
    return violated;
}
