/*
 * Interrupt messages: routing to local APICs, acceptance there, and deadlines that become
 * interrupts. Spec: SDM 3A, "Determining IPI Destination", "Interrupt Acceptance for Fixed
 * Interrupts".
 */
#include "vtdpi/lapic_access.h"

#include "internal.h"

#include <string.h>

/* SVR: the APIC is enabled by software. */
enum { SVR_ENABLE = 0x100 };

/* Identity: the interrupt that message [m] carries arrives at CPU [c], or at the vCPU of the
 * descriptor. */
static void message_identity(vtdpi_system_t *sys, uint32_t m, uint32_t c, bool was_set)
{
    if (!sys->p->ghost) {
        return;
    }
    const vtdpi_message_t *message = &sys->messages[m];
    uint32_t slot = sys->ghost_message[m];
    sys->ghost_message[m] = 0;
    if (message->vcpu != VTDPI_NOBODY && message->msg.vector == VTDPI_HV_ANV) {
        vtdpi_set_add(sys->ghost_cpu[c].notified, message->vcpu);
    }
    if (!vtdpi_sys_is_at(sys, slot, VTDPI_AT_MESSAGE, m)) {
        slot = 0; /* somebody harvested it before its notification arrived */
    }
    if (message->vcpu != VTDPI_NOBODY || !message->from_unit) {
        vtdpi_sys_place(sys, slot, VTDPI_AT_CPU,
                        c); /* a notification: the bit itself waits in PIR */
        return;
    }
    uint8_t vector = message->msg.vector;
    vtdpi_sys_merge(sys, slot, &sys->ghost_cpu[c].irr[vector], VTDPI_AT_CPU, c, was_set, vector);
}

static bool message_accept(vtdpi_system_t *sys, uint32_t m, uint32_t c)
{
    vtdpi_cpu_t *cpu = &sys->cpus[c];
    const vtdpi_intr_msg_t *msg = &sys->messages[m].msg;
    vtdpi_lapic_accept_t a = vtdpi_lapic_accept(&cpu->apic, msg);
    vtdpi_sys_touch_cpu(sys, c);
    if (a != VTDPI_LAPIC_SET && a != VTDPI_LAPIC_MERGED) {
        return a == VTDPI_LAPIC_TO_CORE;
    }
    vtdpi_sys_see(sys, VTDPI_EV_irr_set, c, msg->vector, a == VTDPI_LAPIC_MERGED, 0, 0);
    message_identity(sys, m, c, a == VTDPI_LAPIC_MERGED);
    return true;
}

/* @rule sdm.message.one-cpu | SDM 3A | Lowest Priority Delivery Mode | Lowest priority, and a
 * redirection hint in logical mode, pick one of the CPUs whose local APICs match and are enabled;
 * other messages go to all that match. */
static bool message_single(const vtdpi_intr_msg_t *msg)
{
    return msg->delivery_mode == VTDPI_DLM_LOWEST || (msg->rh && msg->dest_mode == 1);
}

static bool message_deliver_one(vtdpi_system_t *sys, uint32_t m)
{
    vtdpi_lapic_candidate_t candidate[VTDPI_CPUS_MAX];
    uint32_t cpu[VTDPI_CPUS_MAX];
    const vtdpi_intr_msg_t *msg = &sys->messages[m].msg;
    /* NMI, SMI and INIT are responded to by an APIC that software has disabled */
    bool enabled = msg->delivery_mode == VTDPI_DLM_FIXED || msg->delivery_mode == VTDPI_DLM_LOWEST;
    unsigned n = 0;
    memset(candidate, 0, sizeof(candidate));
    for (uint32_t c = 0; c < sys->p->cpu_count; c++) {
        const vtdpi_lapic_t *apic = &sys->cpus[c].apic;
        if (vtdpi_lapic_matches(apic, msg) && (!enabled || (apic->svr & SVR_ENABLE) != 0)) {
            candidate[n].id = apic->id;
            candidate[n].tpr = apic->tpr;
            cpu[n++] = c;
        }
    }
    if (n == 0) {
        return false;
    }
    return message_accept(
        sys, m,
        cpu[vtdpi_lapic_lowest(candidate, n, sys->messages[m].msg.vector,
                               (vtdpi_lowest_policy_t)sys->p->switches.lowest_policy)]);
}

static bool message_deliver(vtdpi_system_t *sys, uint32_t m)
{
    if (message_single(&sys->messages[m].msg)) {
        return message_deliver_one(sys, m);
    }
    bool accepted = false;
    for (uint32_t c = 0; c < sys->p->cpu_count; c++) {
        if (vtdpi_lapic_matches(&sys->cpus[c].apic, &sys->messages[m].msg)) {
            accepted = message_accept(sys, m, c) || accepted;
        }
    }
    return accepted;
}

/* Message [m] is not pending anywhere, or its identity was passed on: a remapped interrupt is lost,
 * a posted one still waits in its descriptor. */
static void message_gone(vtdpi_system_t *sys, uint32_t m)
{
    const vtdpi_message_t *message = &sys->messages[m];
    uint32_t slot = sys->ghost_message[m];
    sys->ghost_message[m] = 0;
    if (!vtdpi_sys_is_at(sys, slot, VTDPI_AT_MESSAGE, m)) {
        return;
    }
    if (message->vcpu == VTDPI_NOBODY && message->from_unit) {
        vtdpi_sys_seal(sys, slot, VTDPI_FATE_LOST, 0, 0);
    } else {
        vtdpi_sys_place(sys, slot, VTDPI_AT_VCPU, sys->sources[sys->live[slot - 1].source].vcpu);
    }
}

/* @rule sdm.message.absent | SDM 3A | Determining IPI Destination | A message that no local APIC
 * matches has no effect; what was posted stays in its descriptor. */
void vtdpi_sys_message(vtdpi_system_t *sys, uint32_t m)
{
    vtdpi_message_t *message = &sys->messages[m];
    bool full = vtdpi_sys_message_slot(sys) < 0;
    if (sys->p->ghost && vtdpi_sys_is_at(sys, sys->ghost_message[m], VTDPI_AT_MESSAGE, m)) {
        sys->firing_id = vtdpi_sys_id(sys, sys->ghost_message[m]);
    }
    if (!message_deliver(sys, m)) {
        vtdpi_sys_see(sys, VTDPI_EV_message_dropped, VTDPI_NOBODY, message->msg.vector,
                      message->msg.dest, 0, 0);
    }
    if (sys->p->ghost) {
        message_gone(sys, m);
    }
    memset(message, 0, sizeof(*message));
    if (full) {
        vtdpi_sys_touch_senders(sys);
    }
    vtdpi_sys_touch_queues(sys);
}
