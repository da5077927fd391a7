/*
 * F3: sequences of a local APIC. F4: which of eight local APICs an IPI reaches. All that is
 * recorded is compared; x2APIC mode has no DFR.
 */
#include "vtdpi/lapic_access.h"

#include "conform/conform_internal.h"
#include "conform/exceptions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAPIC_BYTE_MAX = 0xFF,
    LAPIC_SVR_MAX = 0xFFF,
    LAPIC_SVR_ON = 0x1FF,
    LAPIC_FIRST_LEGAL = 16,
    LAPIC_APICS = 8,
    LAPIC_WORD_DIGITS = 8,
    LAPIC_SEND_ACCEPT = 4 /* ESR bit 2, of the P6 family and the Pentium */
};

/* DFR of the two models. */
static const uint32_t LAPIC_DFR_FLAT = 0xFFFFFFFF;
static const uint32_t LAPIC_DFR_CLUSTER = 0x0FFFFFFF;

/* IA32_APIC_BASE with EN and EXTD. */
static const uint64_t LAPIC_APIC_BASE_X2APIC = 0xFEE00C00;

/* --- F3 --- */

typedef enum { LAPIC_OP_IRQ, LAPIC_OP_ACK, LAPIC_OP_EOI, LAPIC_OP_TPR, LAPIC_OP_SVR } lapic_op_t;

static const char *const lapic_ops[] = {"irq", "ack", "eoi", "tpr", "svr"};

/* A step, read. */
typedef struct {
    lapic_op_t op;
    uint8_t vector;
    bool level;
    uint32_t value;
} lapic_step_t;

/* A local APIC, and the line by which it interrupts its core. The line stays asserted until the
 * core acknowledges, also where what asserted it is no longer eligible. */
typedef struct {
    vtdpi_lapic_t apic;
    bool intr;
} lapic_line_t;

static lapic_step_t lapic_step_read(conform_out_t *out, const json_t *step)
{
    static const char *const triggers[] = {"edge", "level"};

    const json_t *what = conform_object(out, step, "do");
    lapic_step_t read = {.op = (lapic_op_t)conform_choice(out, what, "op", lapic_ops,
                                                          sizeof lapic_ops / sizeof lapic_ops[0])};
    if (read.op == LAPIC_OP_IRQ) {
        read.vector = (uint8_t)conform_number(out, what, "vector", LAPIC_BYTE_MAX);
        read.level = conform_choice(out, what, "trig", triggers, 2) != 0;
    } else if (read.op == LAPIC_OP_TPR) {
        read.value = (uint32_t)conform_number(out, what, "value", LAPIC_BYTE_MAX);
    } else if (read.op == LAPIC_OP_SVR) {
        read.value = (uint32_t)conform_number(out, what, "value", LAPIC_SVR_MAX);
    }
    return read;
}

/* Performs [step]: what happened, as the vector writes it. */
static json_t *lapic_perform(lapic_line_t *l, const lapic_step_t *step)
{
    json_t *events = json_array();
    vtdpi_intr_msg_t msg = {.vector = step->vector, .trigger_mode = step->level, .level = 1};
    switch (step->op) {
    case LAPIC_OP_IRQ:
        (void)vtdpi_lapic_accept(&l->apic, &msg);
        break;
    case LAPIC_OP_ACK:
        l->intr = false;
        (void)json_array_append_new(
            events, json_pack("{s:s, s:I}", "ev", "vector", "vector",
                              (json_int_t)vtdpi_lapic_acknowledge(&l->apic).vector));
        break;
    case LAPIC_OP_EOI: {
        vtdpi_lapic_eoi_t eoi = vtdpi_lapic_eoi(&l->apic);
        if (eoi.broadcast != 0) {
            (void)json_array_append_new(events, json_pack("{s:s, s:I}", "ev", "eoi_broadcast",
                                                          "vector", (json_int_t)eoi.vector));
        }
        break;
    }
    case LAPIC_OP_TPR:
        (void)vtdpi_lapic_mmio_write(&l->apic, VTDPI_LAPIC_REG_TPR, step->value);
        break;
    case LAPIC_OP_SVR:
        (void)vtdpi_lapic_mmio_write(&l->apic, VTDPI_LAPIC_REG_SVR, step->value);
        break;
    }
    l->intr = l->intr || vtdpi_lapic_offer(&l->apic) >= 0;
    return events;
}

static void lapic_state_read(conform_out_t *out, lapic_line_t *l, const json_t *st)
{
    conform_set(out, st, "irr", l->apic.irr);
    conform_set(out, st, "isr", l->apic.isr);
    conform_set(out, st, "tmr", l->apic.tmr);
    l->apic.tpr = (uint8_t)conform_number(out, st, "tpr", LAPIC_BYTE_MAX);
    l->apic.svr = (uint32_t)conform_number(out, st, "svr", LAPIC_SVR_MAX);
    l->apic.esr_pending = (uint8_t)conform_number(out, st, "esr", LAPIC_BYTE_MAX);
    l->intr = conform_flag(out, st, "intr");
}

static void lapic_state_compare(conform_out_t *out, int step, const lapic_line_t *l,
                                const json_t *st)
{
    lapic_line_t recorded = {.intr = false};
    lapic_state_read(out, &recorded, st);
    conform_same_set(out, step, "irr", recorded.apic.irr, l->apic.irr);
    conform_same_set(out, step, "isr", recorded.apic.isr, l->apic.isr);
    conform_same_set(out, step, "tmr", recorded.apic.tmr, l->apic.tmr);
    conform_same(out, step, "tpr", recorded.apic.tpr, l->apic.tpr);
    conform_same(out, step, "ppr", conform_number(out, st, "ppr", LAPIC_BYTE_MAX),
                 vtdpi_lapic_ppr(&l->apic));
    conform_same(out, step, "svr", recorded.apic.svr, l->apic.svr);
    conform_same(out, step, "esr", recorded.apic.esr_pending, l->apic.esr_pending);
    conform_same(out, step, "intr", recorded.intr, l->intr);
}

/* Whether up to [step] an interrupt with a vector below 16 came while the APIC was disabled by
 * software. */
static bool lapic_illegal_disabled(const json_t *vector, int step)
{
    const json_t *steps = json_object_get(vector, "steps");
    const json_t *svr = json_object_get(json_object_get(vector, "init"), "svr");
    json_int_t enabled = json_integer_value(svr) >> VTDPI_SVR_ENABLE_LOW & 1;
    for (int i = 0; i <= step && (size_t)i < json_array_size(steps); i++) {
        const json_t *what = json_object_get(json_array_get(steps, (size_t)i), "do");
        const char *op = json_string_value(json_object_get(what, "op"));
        if (op != NULL && strcmp(op, lapic_ops[LAPIC_OP_SVR]) == 0) {
            svr = json_object_get(what, "value");
            enabled = json_integer_value(svr) >> VTDPI_SVR_ENABLE_LOW & 1;
        }
        if (op != NULL && strcmp(op, lapic_ops[LAPIC_OP_IRQ]) == 0 && enabled == 0 &&
            json_integer_value(json_object_get(what, "vector")) < LAPIC_FIRST_LEGAL) {
            return true;
        }
    }
    return false;
}

/* Whether such an interrupt came, and what is recorded at [step] is its error beside the errors of
 * the beginning, and no other. */
bool conform_lapic_illegal_disabled(const json_t *vector, int step)
{
    const json_t *recorded = json_array_get(json_object_get(vector, "steps"), (size_t)step);
    const json_t *esr = json_object_get(json_object_get(recorded, "st"), "esr");
    const json_t *first = json_object_get(json_object_get(vector, "init"), "esr");
    return json_integer_value(esr) ==
               (json_integer_value(first) | VTDPI_LAPIC_ESR_RECEIVE_VECTOR) &&
           lapic_illegal_disabled(vector, step);
}

/* @shows sdm.lapic.accept.disabled, sdm.lapic.accept.illegal, sdm.lapic.accept.irr,
 * sdm.lapic.accept.tmr, sdm.lapic.ppr, sdm.lapic.offer, sdm.lapic.acknowledge, sdm.lapic.spurious,
 * sdm.lapic.eoi.dismiss, sdm.lapic.eoi.broadcast */
void conform_replay_lapic(const json_t *vector, conform_out_t *out)
{
    lapic_line_t l = {.intr = false};
    const json_t *steps = conform_list(out, vector, "steps");
    vtdpi_lapic_init(&l.apic, 0, false, 0);
    const json_t *init = conform_object(out, vector, "init");
    lapic_state_read(out, &l, init);
    conform_same(out, CONFORM_EVERY_STEP, "ppr", conform_number(out, init, "ppr", LAPIC_BYTE_MAX),
                 vtdpi_lapic_ppr(&l.apic));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        conform_at(out, "steps", i);
        const json_t *recorded = json_array_get(steps, i);
        lapic_step_t step = lapic_step_read(out, recorded);
        if (conform_malformed(out)) {
            return;
        }
        json_t *events = lapic_perform(&l, &step);
        (void)conform_same_json(out, (int)i, "ev", conform_list(out, recorded, "ev"), events);
        lapic_state_compare(out, (int)i, &l, conform_object(out, recorded, "st"));
    }
}

/* --- F4 --- */

typedef enum { LAPIC_MODE_FLAT, LAPIC_MODE_CLUSTER, LAPIC_MODE_X2APIC } lapic_match_mode_t;

static const char *const lapic_modes[] = {"xapic-flat", "xapic-cluster", "x2apic"};

/* Eight local APICs, one of which sends. */
typedef struct {
    vtdpi_lapic_t apics[LAPIC_APICS];
    lapic_match_mode_t mode;
    unsigned sender;
    bool flat_bits; /**< FFh in the flat model is compared bit by bit */
    uint32_t dest;
    uint32_t icr_lo;
} lapic_match_t;

static void lapic_apic_read(conform_out_t *out, lapic_match_t *m, size_t index, const json_t *apic)
{
    vtdpi_lapic_t *self = &m->apics[index];
    bool x2apic = m->mode == LAPIC_MODE_X2APIC;
    uint32_t id =
        (uint32_t)conform_number(out, apic, "id", x2apic ? UINT32_MAX : (uint64_t)LAPIC_BYTE_MAX);
    uint32_t ldr = (uint32_t)conform_hex(out, apic, "ldr", 32);
    vtdpi_lapic_init(self, id, false, 0);
    (void)vtdpi_lapic_mmio_write(self, VTDPI_LAPIC_REG_SVR, LAPIC_SVR_ON);
    if (x2apic) {
        (void)vtdpi_lapic_wrmsr(self, VTDPI_LAPIC_MSR_APIC_BASE, LAPIC_APIC_BASE_X2APIC);
    } else {
        uint32_t dfr = (uint32_t)conform_hex(out, apic, "dfr", 32);
        (void)vtdpi_lapic_mmio_write(self, VTDPI_LAPIC_REG_LDR, ldr);
        (void)vtdpi_lapic_mmio_write(self, VTDPI_LAPIC_REG_DFR, dfr);
        conform_same_hex(out, CONFORM_EVERY_STEP, "dfr", dfr,
                         m->mode == LAPIC_MODE_FLAT ? LAPIC_DFR_FLAT : LAPIC_DFR_CLUSTER,
                         LAPIC_WORD_DIGITS);
    }
    self->tpr = (uint8_t)conform_number(out, apic, "tpr", LAPIC_BYTE_MAX);
}

static void lapic_match_read(conform_out_t *out, lapic_match_t *m, const json_t *vector)
{
    const json_t *apics = conform_list_of(out, vector, "apics", LAPIC_APICS);
    m->mode = (lapic_match_mode_t)conform_choice(out, vector, "mode", lapic_modes,
                                                 sizeof lapic_modes / sizeof lapic_modes[0]);
    m->sender = (unsigned)conform_number(out, vector, "sender", LAPIC_APICS - 1);
    m->dest = (uint32_t)conform_hex(out, vector, "icr_dest", m->mode == LAPIC_MODE_X2APIC ? 32 : 8);
    m->icr_lo = (uint32_t)conform_hex(out, vector, "icr_lo", 32);
    for (size_t i = 0; i < json_array_size(apics); i++) {
        conform_at(out, "apics", i);
        lapic_apic_read(out, m, i, conform_object_in(out, json_array_get(apics, i), "apic"));
    }
    conform_at(out, NULL, 0);
}

/* The ICR as it is written, of the APIC's mode. */
static uint64_t lapic_icr(const lapic_match_t *m)
{
    unsigned low =
        m->mode == LAPIC_MODE_X2APIC ? VTDPI_ICR_DEST_X2APIC_LOW : VTDPI_ICR_DEST_XAPIC_LOW;
    return (uint64_t)m->dest << low | m->icr_lo;
}

/* The sender writes its ICR. [lowest_sent]: lowest priority is sent whatever the mode and the
 * shorthand. */
static vtdpi_lapic_access_t lapic_send(lapic_match_t *m, bool lowest_sent)
{
    vtdpi_lapic_t *sender = &m->apics[m->sender];
    vtdpi_lapic_icr_t icr =
        vtdpi_lapic_icr_decode(lapic_icr(m), m->mode == LAPIC_MODE_X2APIC, sender->switches);
    if (lowest_sent && icr.msg.delivery_mode == VTDPI_DLM_LOWEST && icr.send == 0) {
        return (vtdpi_lapic_access_t){
            .effect = VTDPI_LAPIC_DO_SEND_IPI, .msg = icr.msg, .shorthand = icr.shorthand};
    }
    if (m->mode == LAPIC_MODE_X2APIC) {
        return vtdpi_lapic_wrmsr(sender, VTDPI_LAPIC_MSR_FIRST + (VTDPI_LAPIC_REG_ICR_LO >> 4),
                                 lapic_icr(m));
    }
    (void)vtdpi_lapic_mmio_write(sender, VTDPI_LAPIC_REG_ICR_HI,
                                 m->dest << (VTDPI_ICR_DEST_XAPIC_LOW - 32));
    return vtdpi_lapic_mmio_write(sender, VTDPI_LAPIC_REG_ICR_LO, m->icr_lo);
}

/* Whether APIC [index] is named by the destination of [msg]. */
static bool lapic_named(const lapic_match_t *m, unsigned index, const vtdpi_intr_msg_t *msg)
{
    const vtdpi_lapic_t *apic = &m->apics[index];
    bool bits = m->flat_bits && m->mode == LAPIC_MODE_FLAT && msg->dest_mode != 0;
    return vtdpi_lapic_matches(apic, msg) && (!bits || vtdpi_lapic_ldr(apic) != 0);
}

/* Whether APIC [index] is among those that [sent] is for. */
static bool lapic_addressed(const lapic_match_t *m, unsigned index,
                            const vtdpi_lapic_access_t *sent)
{
    switch (sent->shorthand) {
    case VTDPI_SHORTHAND_SELF:
        return index == m->sender;
    case VTDPI_SHORTHAND_ALL:
        return true;
    case VTDPI_SHORTHAND_OTHERS:
        return index != m->sender;
    default:
        return lapic_named(m, index, &sent->msg);
    }
}

/* The APICs that accept what was [sent], as bits. Among equal TPRs the recorded arbitration goes by
 * the index, which therefore stands for the ID. */
static unsigned lapic_deliver(lapic_match_t *m, const vtdpi_lapic_access_t *sent)
{
    vtdpi_lapic_candidate_t candidates[LAPIC_APICS];
    unsigned count = 0;
    unsigned accepted = 0;
    if (sent->effect != VTDPI_LAPIC_DO_SEND_IPI) {
        return 0;
    }
    for (unsigned i = 0; i < LAPIC_APICS; i++) {
        if (lapic_addressed(m, i, sent)) {
            candidates[count++] = (vtdpi_lapic_candidate_t){.id = i, .tpr = m->apics[i].tpr};
        }
    }
    if (count != 0 && sent->msg.delivery_mode == VTDPI_DLM_LOWEST) {
        candidates[0] =
            candidates[vtdpi_lapic_lowest(candidates, count, sent->msg.vector, VTDPI_LOWEST_TPR)];
        count = 1;
    }
    for (unsigned i = 0; i < count; i++) {
        vtdpi_lapic_t *apic = &m->apics[candidates[i].id];
        if (vtdpi_lapic_accept(apic, &sent->msg) == VTDPI_LAPIC_SET) {
            accepted |= 1U << candidates[i].id;
        }
    }
    return accepted;
}

/* Logical matches as flags, or null for a physical destination. */
static json_t *lapic_logical(const lapic_match_t *m)
{
    uint64_t icr = (uint64_t)m->icr_lo;
    bool x2apic = m->mode == LAPIC_MODE_X2APIC;
    if (VTDPI_GET(ICR, DEST_MODE, &icr) == 0) {
        return json_null();
    }
    vtdpi_intr_msg_t msg = {.dest = m->dest, .dest_mode = 1, .wide = x2apic};
    json_t *list = json_array();
    for (unsigned i = 0; i < LAPIC_APICS; i++) {
        (void)json_array_append_new(list, json_integer(lapic_named(m, i, &msg)));
    }
    return list;
}

static void lapic_any_compare(conform_out_t *out, const json_t *vector, const char *key,
                              json_t *actual)
{
    const json_t *recorded = json_object_get(vector, key);
    if (recorded == NULL) {
        conform_refuse(out, key, "a value or null");
        json_decref(actual);
        return;
    }
    (void)conform_same_json(out, CONFORM_EVERY_STEP, key, recorded, actual);
}

/* The logical IDs that follow from the IDs, as one list, which is how the specification's are
 * stated. */
static void lapic_ldr_compare(conform_out_t *out, const lapic_match_t *m, const json_t *vector)
{
    const json_t *apics = json_object_get(vector, "apics");
    json_t *recorded = json_array();
    json_t *actual = json_array();
    for (size_t i = 0; i < json_array_size(apics); i++) {
        char text[LAPIC_WORD_DIGITS + 1];
        (void)snprintf(text, sizeof text, "%08" PRIx32, vtdpi_lapic_ldr(&m->apics[i]));
        (void)json_array_append_new(actual, json_string(text));
        (void)json_array_append(recorded, json_object_get(json_array_get(apics, i), "ldr"));
    }
    (void)conform_same_json(out, CONFORM_EVERY_STEP, "ldr", recorded, actual);
    json_decref(recorded);
}

/* What the vector decodes from the ICR beside it. */
static void lapic_decoded_compare(conform_out_t *out, const lapic_match_t *m, const json_t *vector)
{
    static const char *const deliveries[] = {"fixed", "lowest"};
    static const char *const dest_modes[] = {"physical", "logical"};

    uint64_t icr = m->icr_lo;
    conform_same(out, CONFORM_EVERY_STEP, "vector",
                 conform_number(out, vector, "vector", LAPIC_BYTE_MAX),
                 VTDPI_GET(ICR, VECTOR, &icr));
    conform_same(out, CONFORM_EVERY_STEP, "delivery",
                 conform_choice(out, vector, "delivery", deliveries, 2),
                 VTDPI_GET(ICR, DELIVERY_MODE, &icr));
    conform_same(out, CONFORM_EVERY_STEP, "dest_mode",
                 conform_choice(out, vector, "dest_mode", dest_modes, 2),
                 VTDPI_GET(ICR, DEST_MODE, &icr));
    conform_same(out, CONFORM_EVERY_STEP, "shorthand",
                 conform_number(out, vector, "shorthand", VTDPI_SHORTHAND_OTHERS),
                 VTDPI_GET(ICR, SHORTHAND, &icr));
}

static bool lapic_text_is(const json_t *vector, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(vector, key));
    return value != NULL && strcmp(value, text) == 0;
}

/* Whether the ICR has FFh as a logical destination of the flat model. */
bool conform_lapic_flat_broadcast(const json_t *vector, int step)
{
    const char *dest = json_string_value(json_object_get(vector, "icr_dest"));
    (void)step;
    return lapic_text_is(vector, "mode", lapic_modes[LAPIC_MODE_FLAT]) &&
           lapic_text_is(vector, "dest_mode", "logical") && dest != NULL &&
           strtoul(dest, NULL, 16) == LAPIC_BYTE_MAX;
}

/* Whether the ICR asks for lowest priority where the mode or the shorthand has none. */
bool conform_lapic_lowest_illegal(const json_t *vector, int step)
{
    json_int_t shorthand = json_integer_value(json_object_get(vector, "shorthand"));
    (void)step;
    return lapic_text_is(vector, "delivery", "lowest") &&
           (lapic_text_is(vector, "mode", lapic_modes[LAPIC_MODE_X2APIC]) ||
            shorthand == VTDPI_SHORTHAND_SELF || shorthand == VTDPI_SHORTHAND_ALL);
}

/* Whether what is recorded is a send accept error, and that no APIC took the interrupt. */
bool conform_lapic_send_accept(const json_t *vector, int step)
{
    const json_t *accepted = json_object_get(vector, "accepted");
    const json_t *esr = json_object_get(vector, "sender_esr");
    (void)step;
    return json_is_array(accepted) && json_array_size(accepted) == 0 &&
           json_integer_value(esr) == LAPIC_SEND_ACCEPT;
}

/* @shows sdm.lapic.ldr-x2apic, sdm.lapic.match.physical, sdm.lapic.match.flat,
 * sdm.lapic.match.cluster, sdm.lapic.match.x2apic, sdm.lapic.match.broadcast, sdm.lapic.lowest,
 * sdm.lapic.icr.shorthand, sdm.lapic.icr.xapic, sdm.lapic.icr.x2apic */
void conform_replay_match(const json_t *vector, conform_out_t *out)
{
    lapic_match_t m = {.flat_bits = conform_setting(out, CONFORM_FLAT_BITS)};
    lapic_match_read(out, &m, vector);
    if (conform_malformed(out)) {
        return;
    }
    lapic_decoded_compare(out, &m, vector);
    lapic_any_compare(out, vector, "match_logical", lapic_logical(&m));
    lapic_ldr_compare(out, &m, vector);
    vtdpi_lapic_access_t sent = lapic_send(&m, conform_setting(out, CONFORM_LOWEST_SENT));
    unsigned bits = lapic_deliver(&m, &sent);
    if (bits == 0 && conform_setting(out, CONFORM_SEND_ACCEPT)) {
        m.apics[m.sender].esr_pending |= LAPIC_SEND_ACCEPT;
    }
    json_t *accepted = json_array();
    for (unsigned i = 0; i < LAPIC_APICS; i++) {
        if ((bits >> i & 1U) != 0) {
            (void)json_array_append_new(accepted, json_integer(i));
        }
    }
    lapic_any_compare(out, vector, "accepted", accepted);
    conform_same(out, CONFORM_EVERY_STEP, "sender_esr",
                 conform_number(out, vector, "sender_esr", LAPIC_BYTE_MAX),
                 m.apics[m.sender].esr_pending);
}
