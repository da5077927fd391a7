/*
 * F5: user interrupts: SENDUIPI outside and inside a guest, notifications, virtual interrupts of
 * vector UINV. All that is recorded is compared.
 *
 * @shows sdm.senduipi.ud, sdm.senduipi.index, sdm.senduipi.ipi, sdm.senduipi.virtual,
 * sdm.uitt.valid, sdm.uitt.reserved, sdm.upid.reserved, sdm.upid.post, sdm.upid.notify,
 * sdm.uintr.identify, sdm.uintr.notify.eoi, sdm.uintr.notify.on, sdm.uintr.notify.pir,
 * sdm.ipiv.senduipi, sdm.uintr.notify.virtual, sdm.uintr.recognise, sdm.uintr.deliverable,
 * sdm.uintr.deliver
 */
#include "vtdpi/boundary.h"
#include "vtdpi/lapic_access.h"
#include "vtdpi/uintr_steps.h"
#include "vtdpi/vapic.h"
#include "vtdpi/vmx.h"

#include "conform/conform_internal.h"
#include "conform/exceptions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    UINTR_BYTE_MAX = 0xFF,
    UINTR_CPL_MAX = 3,
    UINTR_LOW6_MAX = 0x3F,
    UINTR_APICS = 8,
    UINTR_WORD_DIGITS = 16,
    UINTR_HALF_DIGITS = 8,
    UINTR_LINEAR_WIDTH = 48,
    UINTR_TABLE = 0x1000,
    UINTR_UPID = 0x2000,
    UINTR_SVR = 0x1FF
};

/* IA32_APIC_BASE with EN and EXTD. */
static const uint64_t UINTR_APIC_BASE_X2APIC = 0xFEE00C00;

/* 64-bit mode with CR4.UINTR, at CPL 3. */
static vtdpi_uintr_mode_t uintr_mode(void)
{
    return (vtdpi_uintr_mode_t){.cr4_uintr = 1,
                                .efer_lma = 1,
                                .cs_l = 1,
                                .cpl = UINTR_CPL_MAX,
                                .linear_width = UINTR_LINEAR_WIDTH};
}

static vtdpi_lapic_t uintr_lapic(uint32_t id, bool x2apic)
{
    vtdpi_lapic_t apic;
    vtdpi_lapic_init(&apic, id, false, 0);
    (void)vtdpi_lapic_mmio_write(&apic, VTDPI_LAPIC_REG_SVR, UINTR_SVR);
    if (x2apic) {
        (void)vtdpi_lapic_wrmsr(&apic, VTDPI_LAPIC_MSR_APIC_BASE, UINTR_APIC_BASE_X2APIC);
    }
    return apic;
}

static void uintr_upid_read(conform_out_t *out, const json_t *object,
                            uint64_t upid[VTDPI_UPID_WORDS])
{
    upid[VTDPI_UPID_ON_WORD] = conform_hex(out, object, "upid_lo", 64);
    upid[VTDPI_UPID_PIR_WORD] = conform_hex(out, object, "upid_pir", 64);
}

static void uintr_upid_compare(conform_out_t *out, int step, const json_t *object,
                               const uint64_t upid[VTDPI_UPID_WORDS])
{
    uint64_t recorded[VTDPI_UPID_WORDS];
    uintr_upid_read(out, object, recorded);
    conform_same_hex(out, step, "upid_lo", recorded[VTDPI_UPID_ON_WORD], upid[VTDPI_UPID_ON_WORD],
                     UINTR_WORD_DIGITS);
    conform_same_hex(out, step, "upid_pir", recorded[VTDPI_UPID_PIR_WORD],
                     upid[VTDPI_UPID_PIR_WORD], UINTR_WORD_DIGITS);
}

/* A value that may be null, which conform_object and the like take for a wrong kind. */
static void uintr_nullable_compare(conform_out_t *out, const json_t *object, const char *key,
                                   json_t *actual)
{
    const json_t *recorded = json_object_get(object, key);
    if (recorded == NULL) {
        conform_refuse(out, key, "a value or null");
        json_decref(actual);
        return;
    }
    (void)conform_same_json(out, CONFORM_EVERY_STEP, key, recorded, actual);
}

/* --- SENDUIPI --- */

/* A CPU that executes SENDUIPI, and what its accesses reach. */
typedef struct {
    vtdpi_uintr_t cpu;
    vtdpi_uintr_mode_t mode;
    uint64_t index;
    uint64_t uitte[VTDPI_UITTE_WORDS]; /**< the entry of [index] */
    uint64_t upid[VTDPI_UPID_WORDS];
    uint64_t icr;          /**< ICR as it was written */
    bool sent;             /**< ICR was written */
    bool exited;           /**< APIC-write VM exit */
    uint32_t vicr_lo;      /**< virtual-APIC page: 300h */
    uint32_t vicr_lo_next; /**< 304h */
    uint32_t vicr_hi;      /**< 310h */
    uint64_t qualification;
    vtdpi_uintr_fault_t fault;
} uintr_sender_t;

/* What the virtual APIC makes of a notification. */
static void uintr_virtual_notification(uintr_sender_t *s, vtdpi_uintr_step_t step)
{
    vtdpi_vapic_senduipi_t send =
        vtdpi_vapic_senduipi(s->mode.set, (uint8_t)step.a, (uint32_t)step.b);
    s->vicr_lo = (uint32_t)send.icr;
    if (send.wide != 0) {
        s->vicr_lo_next = (uint32_t)(send.icr >> 32);
    } else {
        s->vicr_hi = (uint32_t)(send.icr >> 32);
    }
    s->exited = send.access.action == VTDPI_VAPIC_EXIT_WRITE;
    s->qualification = send.access.qualification;
}

static vtdpi_result_t uintr_sender_perform(uintr_sender_t *s, vtdpi_uintr_step_t step)
{
    vtdpi_result_t r = {{0, 0}, 0};
    switch (step.kind) {
    case VTDPI_UINTR_LOAD:
        r.v[0] = s->uitte[step.addr != vtdpi_uitt_address(&s->cpu, s->index)];
        break;
    case VTDPI_UINTR_POST:
        r.v[0] = s->upid[0];
        r.v[1] = s->upid[1];
        (void)vtdpi_upid_post(s->upid, (unsigned)step.a);
        break;
    case VTDPI_UINTR_ICR:
        s->icr = step.a;
        s->sent = true;
        break;
    case VTDPI_UINTR_VIRTUAL:
        uintr_virtual_notification(s, step);
        break;
    default:
        break;
    }
    return r;
}

static void uintr_send(uintr_sender_t *s)
{
    vtdpi_senduipi_t send = {.index = s->index};
    vtdpi_result_t r = {{0, 0}, 0};
    vtdpi_uintr_step_t step;
    do {
        step = vtdpi_senduipi_next(&send, &s->cpu, &s->mode, r);
        r = uintr_sender_perform(s, step);
    } while (step.kind > VTDPI_UINTR_FAULT);
    s->fault = (vtdpi_uintr_fault_t)step.a;
}

static uint64_t uintr_table(bool enabled)
{
    return (uint64_t)UINTR_TABLE | (enabled ? 1U : 0U);
}

/* Whom the IPI reaches. */
static json_t *uintr_accepted(const vtdpi_lapic_icr_t *ipi, const uint32_t ids[UINTR_APICS],
                              bool x2apic)
{
    json_t *accepted = json_array();
    for (unsigned i = 0; i < UINTR_APICS; i++) {
        vtdpi_lapic_t apic = uintr_lapic(ids[i], x2apic);
        if (ipi->send != 0 && vtdpi_lapic_matches(&apic, &ipi->msg) &&
            vtdpi_lapic_accept(&apic, &ipi->msg) == VTDPI_LAPIC_SET) {
            (void)json_array_append_new(accepted, json_integer((json_int_t)i));
        }
    }
    return accepted;
}

static json_t *uintr_notification(const uintr_sender_t *s, const uint32_t ids[UINTR_APICS],
                                  bool byte_broadcast)
{
    char low[UINTR_HALF_DIGITS + 1];
    char high[UINTR_HALF_DIGITS + 1];
    if (!s->sent) {
        return json_null();
    }
    vtdpi_lapic_icr_t ipi = vtdpi_lapic_icr_decode(s->icr, s->mode.x2apic != 0, 0);
    if (byte_broadcast && ipi.msg.wide != 0 && (ipi.msg.dest & UINTR_BYTE_MAX) == UINTR_BYTE_MAX) {
        ipi.msg.dest = UINT32_MAX;
    }
    (void)snprintf(low, sizeof low, "%08" PRIx32, (uint32_t)s->icr);
    (void)snprintf(high, sizeof high, "%08" PRIx32, (uint32_t)(s->icr >> 32));
    return json_pack("{s:I, s:s, s:s, s:o}", "vector", (json_int_t)ipi.msg.vector, "icr_lo", low,
                     "icr_hi", high, "accepted", uintr_accepted(&ipi, ids, s->mode.x2apic != 0));
}

static json_t *uintr_fault(const uintr_sender_t *s)
{
    return s->fault == VTDPI_UINTR_NO_FAULT ? json_null() : json_integer((json_int_t)s->fault);
}

/* Outside VMX. */
static void uintr_senduipi(const json_t *vector, conform_out_t *out)
{
    uintr_sender_t s = {.mode = uintr_mode()};
    uint32_t ids[UINTR_APICS] = {0};
    s.mode.cr4_uintr = conform_flag(out, vector, "cr4_uintr");
    s.mode.x2apic = conform_flag(out, vector, "x2apic");
    s.mode.cpl = (uint8_t)conform_number(out, vector, "cpl", UINTR_CPL_MAX);
    s.cpu.tt = uintr_table(conform_flag(out, vector, "tt_enable"));
    s.cpu.uittsz = (uint32_t)conform_number(out, vector, "uittsz", UINT32_MAX);
    s.index = conform_hex(out, vector, "index", 64);
    s.uitte[0] = conform_hex(out, vector, "uitte_lo", 64);
    s.uitte[1] = UINTR_UPID | conform_number(out, vector, "uitte_upidaddr_low6", UINTR_LOW6_MAX);
    uintr_upid_read(out, vector, s.upid);
    const json_t *apics = conform_list_of(out, vector, "apic_ids", UINTR_APICS);
    for (unsigned i = 0; i < UINTR_APICS; i++) {
        ids[i] = (uint32_t)conform_number_in(out, json_array_get(apics, i), "apic_ids", UINT32_MAX);
    }
    if (conform_malformed(out)) {
        return;
    }
    uintr_send(&s);
    const json_t *recorded = conform_object(out, vector, "out");
    uintr_nullable_compare(out, recorded, "fault", uintr_fault(&s));
    uintr_upid_compare(out, CONFORM_EVERY_STEP, recorded, s.upid);
    uintr_nullable_compare(
        out, recorded, "notify",
        uintr_notification(&s, ids, conform_setting(out, CONFORM_BYTE_BROADCAST)));
}

static vtdpi_ctls_t uintr_control(conform_out_t *out, const json_t *ctl, const char *key,
                                  vtdpi_ctl_t control)
{
    return conform_flag(out, ctl, key) ? vtdpi_ctl_one(control) : 0;
}

static json_t *uintr_exit(const uintr_sender_t *s)
{
    if (!s->exited) {
        return json_null();
    }
    return json_pack("{s:s, s:I, s:I, s:s}", "ev", "vmexit", "reason",
                     (json_int_t)VTDPI_EXIT_APIC_WRITE, "qual", (json_int_t)s->qualification,
                     "intr_info", "00000000");
}

/* In a guest. */
static void uintr_senduipi_guest(const json_t *vector, conform_out_t *out)
{
    uintr_sender_t s = {.mode = uintr_mode(), .cpu.tt = uintr_table(true)};
    const json_t *ctl = conform_object(out, vector, "ctl");
    s.mode.set = uintr_control(out, ctl, "tpr_shadow", VTDPI_CTL_TPR_SHADOW) |
                 uintr_control(out, ctl, "vid", VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY) |
                 uintr_control(out, ctl, "apic_reg_virt", VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION) |
                 uintr_control(out, ctl, "x2apic_virt", VTDPI_CTL_VIRTUALIZE_X2APIC_MODE) |
                 uintr_control(out, ctl, "apic_access_virt", VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES);
    s.uitte[0] = 1U | conform_number(out, vector, "uvector", UINTR_BYTE_MAX) << VTDPI_UITTE_UV_LOW;
    s.uitte[1] = UINTR_UPID;
    uintr_upid_read(out, vector, s.upid);
    if (conform_malformed(out)) {
        return;
    }
    uintr_send(&s);
    const json_t *recorded = conform_object(out, vector, "out");
    uintr_nullable_compare(out, recorded, "fault", uintr_fault(&s));
    uintr_upid_compare(out, CONFORM_EVERY_STEP, recorded, s.upid);
    conform_same_hex(out, CONFORM_EVERY_STEP, "vicr_lo", conform_hex(out, recorded, "vicr_lo", 32),
                     s.vicr_lo, UINTR_HALF_DIGITS);
    conform_same_hex(out, CONFORM_EVERY_STEP, "vicr_lo_next",
                     conform_hex(out, recorded, "vicr_lo_next", 32), s.vicr_lo_next,
                     UINTR_HALF_DIGITS);
    conform_same_hex(out, CONFORM_EVERY_STEP, "vicr_hi", conform_hex(out, recorded, "vicr_hi", 32),
                     s.vicr_hi, UINTR_HALF_DIGITS);
    uintr_nullable_compare(out, recorded, "vmexit", uintr_exit(&s));
}

void conform_replay_senduipi(const json_t *vector, conform_out_t *out)
{
    if (conform_has(vector, "ctl")) {
        uintr_senduipi_guest(vector, out);
    } else {
        uintr_senduipi(vector, out);
    }
}

/* The notification goes to a 32-bit destination that ends in FFh and is not the broadcast. */
bool conform_uintr_low_byte_ff(const json_t *vector, int step)
{
    (void)step;
    const char *text = json_string_value(json_object_get(vector, "upid_lo"));
    uint64_t upid = text != NULL ? strtoull(text, NULL, 16) : 0;
    uint64_t ndst = vtdpi_bits(upid, VTDPI_UPID_NDST_LOW, VTDPI_UPID_NDST_WIDTH);
    const json_t *x2apic = json_object_get(vector, "x2apic");
    bool wide = json_is_true(x2apic) || json_integer_value(x2apic) != 0;
    return wide && (ndst & UINTR_BYTE_MAX) == UINTR_BYTE_MAX && ndst != UINT32_MAX;
}

/* --- the receiver --- */

/* A CPU that receives, and its descriptor. */
typedef struct {
    vtdpi_uintr_t cpu;
    vtdpi_uintr_mode_t mode;
    vtdpi_uintr_regs_t regs;
    uint64_t upid[VTDPI_UPID_WORDS];
    vtdpi_lapic_t apic;
    vtdpi_boundary_t facts;
    vtdpi_vapic_t vapic;               /**< guest: RVI, SVI, recognition */
    uint64_t virr[VTDPI_VECTOR_WORDS]; /**< guest: virtual-APIC page */
    uint64_t visr[VTDPI_VECTOR_WORDS];
    uint64_t pir[VTDPI_VECTOR_WORDS]; /**< guest: posted-interrupt descriptor, which stays */
    uint64_t pid_ctl;
    uint8_t vtpr;
    uint8_t vppr;
} uintr_receiver_t;

static vtdpi_result_t uintr_receiver_perform(uintr_receiver_t *r, vtdpi_uintr_step_t step)
{
    vtdpi_result_t result = {{0, 0}, 0};
    if (step.kind == VTDPI_UINTR_EOI) {
        (void)vtdpi_lapic_eoi(&r->apic);
    } else if (step.kind == VTDPI_UINTR_AND) {
        r->upid[VTDPI_UPID_ON_WORD] &= ~step.a;
    } else if (step.kind == VTDPI_UINTR_XCHG) {
        result.v[0] = r->upid[VTDPI_UPID_PIR_WORD];
        r->upid[VTDPI_UPID_PIR_WORD] = step.a;
    }
    return result;
}

static json_t *uintr_notify(uintr_receiver_t *r, bool is_virtual)
{
    vtdpi_uintr_notify_t notify = {.is_virtual = is_virtual};
    vtdpi_result_t result = {{0, 0}, 0};
    vtdpi_uintr_step_t step;
    do {
        step = vtdpi_uintr_notify_next(&notify, &r->cpu, result);
        result = uintr_receiver_perform(r, step);
    } while (step.kind != VTDPI_UINTR_DONE);
    return json_pack("{s:s}", "ev", "uintr_notification");
}

/* Through the IDT: an interrupt gate to CPL 0. */
static json_t *uintr_idt(uintr_receiver_t *r, const char *event, uint8_t vector)
{
    r->facts.rflags_if = 0;
    r->mode.cpl = 0;
    return json_pack("{s:s, s:I}", "ev", event, "vector", (json_int_t)vector);
}

static json_t *uintr_external(uintr_receiver_t *r)
{
    uint8_t vector = vtdpi_lapic_acknowledge(&r->apic).vector;
    bool match = vtdpi_uintr_match(&r->cpu, &r->mode, vector);
    if (vtdpi_boundary_external(r->facts.set, vector, 0, match) == VTDPI_EXTERNAL_UINV) {
        return uintr_notify(r, false);
    }
    return uintr_idt(r, "idt", vector);
}

static json_t *uintr_virtual(uintr_receiver_t *r)
{
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&r->vapic, r->visr, r->virr);
    r->vppr = step.vppr;
    if (vtdpi_uintr_match(&r->cpu, &r->mode, step.vector)) {
        r->vppr = vtdpi_vapic_retire(&r->vapic, r->visr, r->vtpr).vppr;
        return uintr_notify(r, true);
    }
    return uintr_idt(r, "deliver", step.vector);
}

static json_t *uintr_deliver(uintr_receiver_t *r)
{
    vtdpi_uintr_delivery_t delivery = vtdpi_uintr_deliver(&r->cpu, &r->mode, &r->regs);
    return json_pack("{s:s, s:I}", "ev", "user_interrupt", "uvector", (json_int_t)delivery.uv);
}

/* One instruction boundary: the most urgent event, if there is one. */
static json_t *uintr_boundary(uintr_receiver_t *r)
{
    json_t *events = json_array();
    bool user = vtdpi_uintr_deliverable(&r->cpu, &r->mode, r->facts.interruptibility);
    r->facts.pending = (vtdpi_lapic_offer(&r->apic) >= 0 ? VTDPI_PENDING_EXTERNAL : 0) |
                       (r->vapic.recognised != 0 ? VTDPI_PENDING_VIRTUAL : 0) |
                       (user ? VTDPI_PENDING_USER_INTERRUPT : 0);
    vtdpi_next_t next = vtdpi_boundary_next(&r->facts);
    if (next == VTDPI_NEXT_EXTERNAL) {
        (void)json_array_append_new(events, uintr_external(r));
    } else if (next == VTDPI_NEXT_VIRTUAL) {
        (void)json_array_append_new(events, uintr_virtual(r));
    } else if (next == VTDPI_NEXT_USER_INTERRUPT) {
        (void)json_array_append_new(events, uintr_deliver(r));
    }
    r->facts.interruptibility &= ~(uint32_t)(VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS); /* NOP */
    return events;
}

static void uintr_lapic_compare(conform_out_t *out, int step, const uintr_receiver_t *r,
                                const json_t *st)
{
    uint64_t irr[VTDPI_VECTOR_WORDS];
    uint64_t isr[VTDPI_VECTOR_WORDS];
    conform_vectors(out, st, "lapic_irr", irr);
    conform_vectors(out, st, "lapic_isr", isr);
    conform_same_vectors(out, step, "lapic_irr", irr, r->apic.irr);
    conform_same_vectors(out, step, "lapic_isr", isr, r->apic.isr);
    conform_same(out, step, "if", conform_flag(out, st, "if"), r->facts.rflags_if);
}

static void uintr_uirr_compare(conform_out_t *out, int step, const uintr_receiver_t *r,
                               const json_t *st)
{
    uintr_upid_compare(out, step, st, r->upid);
    conform_same_hex(out, step, "uirr", conform_hex(out, st, "uirr", 64), r->cpu.uirr,
                     UINTR_WORD_DIGITS);
}

static void uintr_pending_compare(conform_out_t *out, int step, const uintr_receiver_t *r,
                                  const json_t *st)
{
    conform_same(out, step, "pending", conform_flag(out, st, "pending"),
                 vtdpi_uintr_recognised(&r->cpu, &r->mode));
}

static void uintr_recognize_compare(conform_out_t *out, int step, const uintr_receiver_t *r,
                                    const json_t *st)
{
    uintr_uirr_compare(out, step, r, st);
    conform_same(out, step, "uif", conform_flag(out, st, "uif"), r->cpu.uif);
    uintr_pending_compare(out, step, r, st);
    uintr_lapic_compare(out, step, r, st);
}

void conform_replay_recognize(const json_t *vector, conform_out_t *out)
{
    static const char *const modes[] = {"compat", "64"};

    uintr_receiver_t r = {.mode = uintr_mode(), .apic = uintr_lapic(0, false)};
    const json_t *init = conform_object(out, vector, "init");
    const json_t *boundaries = conform_list(out, vector, "boundaries");
    vtdpi_intr_msg_t msg = {.level = 1};
    msg.vector = (uint8_t)conform_number(out, vector, "phys_vector", UINTR_BYTE_MAX);
    r.mode.cr4_uintr = conform_flag(out, vector, "cr4_uintr");
    r.mode.cpl = (uint8_t)conform_number(out, vector, "cpl", UINTR_CPL_MAX);
    r.mode.cs_l = (uint8_t)conform_choice(out, vector, "cs_mode", modes, 2);
    r.cpu.uinv = (uint8_t)conform_number(out, vector, "uinv", UINTR_BYTE_MAX);
    uintr_upid_read(out, init, r.upid);
    r.cpu.uirr = conform_hex(out, init, "uirr", 64);
    r.cpu.uif = conform_flag(out, init, "uif");
    r.facts.rflags_if = conform_flag(out, init, "if");
    conform_vectors(out, init, "lapic_irr", r.apic.irr);
    conform_vectors(out, init, "lapic_isr", r.apic.isr);
    uintr_pending_compare(out, CONFORM_EVERY_STEP, &r, init);
    if (conform_malformed(out)) {
        return;
    }
    (void)vtdpi_lapic_accept(&r.apic, &msg);
    for (size_t i = 0; i < json_array_size(boundaries); i++) {
        conform_at(out, "boundaries", i);
        const json_t *recorded = json_array_get(boundaries, i);
        json_t *events = uintr_boundary(&r);
        (void)conform_same_json(out, (int)i, "ev", conform_list(out, recorded, "ev"), events);
        uintr_recognize_compare(out, (int)i, &r, conform_object(out, recorded, "st"));
    }
}

/* A guest that runs, and goes on running. */
static const char *const uintr_guest_mode = "guest";
static const char *const uintr_guest_activity = "active";

static void uintr_guest_read(conform_out_t *out, uintr_receiver_t *r, const json_t *st)
{
    r->vapic.rvi = (uint8_t)conform_number(out, st, "rvi", UINTR_BYTE_MAX);
    r->vapic.svi = (uint8_t)conform_number(out, st, "svi", UINTR_BYTE_MAX);
    r->vapic.recognised = conform_flag(out, st, "pending");
    r->vtpr = (uint8_t)conform_number(out, st, "vtpr", UINTR_BYTE_MAX);
    r->vppr = (uint8_t)conform_number(out, st, "vppr", UINTR_BYTE_MAX);
    conform_set(out, st, "virr", r->virr);
    conform_set(out, st, "visr", r->visr);
    conform_set(out, st, "pir", r->pir);
    r->pid_ctl = conform_hex(out, st, "pid_ctl", 64);
    r->facts.interruptibility =
        (uint32_t)conform_number(out, st, "block", VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS);
    r->facts.rflags_if = conform_flag(out, st, "if");
    conform_vectors(out, st, "lapic_irr", r->apic.irr);
    conform_vectors(out, st, "lapic_isr", r->apic.isr);
}

static void uintr_guest_compare(conform_out_t *out, int step, const uintr_receiver_t *r,
                                const json_t *st)
{
    uintr_receiver_t recorded = {.vtpr = 0};
    uintr_guest_read(out, &recorded, st);
    conform_same_text(out, step, "mode", conform_text(out, st, "mode"), uintr_guest_mode);
    conform_same_text(out, step, "act", conform_text(out, st, "act"), uintr_guest_activity);
    conform_same(out, step, "rvi", recorded.vapic.rvi, r->vapic.rvi);
    conform_same(out, step, "svi", recorded.vapic.svi, r->vapic.svi);
    conform_same(out, step, "vtpr", recorded.vtpr, r->vtpr);
    conform_same(out, step, "vppr", recorded.vppr, r->vppr);
    conform_same(out, step, "pending", recorded.vapic.recognised, r->vapic.recognised);
    conform_same_set(out, step, "virr", recorded.virr, r->virr);
    conform_same_set(out, step, "visr", recorded.visr, r->visr);
    conform_same_set(out, step, "pir", recorded.pir, r->pir);
    conform_same_hex(out, step, "pid_ctl", recorded.pid_ctl, r->pid_ctl, UINTR_WORD_DIGITS);
    conform_same(out, step, "block", recorded.facts.interruptibility, r->facts.interruptibility);
    uintr_lapic_compare(out, step, r, st);
}

/* The guest is at CPL 0, so that notifications are processed and nothing is delivered; it is
 * active, and nothing makes it exit.
 *
 * @shows sdm.uintr.identify, sdm.uintr.notify.eoi */
void conform_replay_virtual_uinv(const json_t *vector, conform_out_t *out)
{
    uintr_receiver_t r = {.mode = uintr_mode(), .apic = uintr_lapic(0, false)};
    const json_t *init = conform_object(out, vector, "init");
    const json_t *boundaries = conform_list(out, vector, "boundaries");
    r.mode.cpl = 0;
    r.facts.set = vtdpi_ctl_one(VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING) |
                  vtdpi_ctl_one(VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT) |
                  vtdpi_ctl_one(VTDPI_CTL_TPR_SHADOW) |
                  vtdpi_ctl_one(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY);
    r.mode.set = r.facts.set;
    r.cpu.uinv = (uint8_t)conform_number(out, vector, "uinv", UINTR_BYTE_MAX);
    r.cpu.uirr = conform_hex(out, vector, "uirr", 64);
    uintr_upid_read(out, vector, r.upid);
    uintr_guest_read(out, &r, init);
    (void)conform_choice(out, init, "mode", &uintr_guest_mode, 1);
    (void)conform_choice(out, init, "act", &uintr_guest_activity, 1);
    if (conform_malformed(out)) {
        return;
    }
    for (size_t i = 0; i < json_array_size(boundaries); i++) {
        conform_at(out, "boundaries", i);
        const json_t *recorded = json_array_get(boundaries, i);
        json_t *events = uintr_boundary(&r);
        (void)conform_same_json(out, (int)i, "ev", conform_list(out, recorded, "ev"), events);
        uintr_guest_compare(out, (int)i, &r, conform_object(out, recorded, "st"));
        uintr_uirr_compare(out, (int)i, &r, conform_object(out, recorded, "ust"));
    }
}
