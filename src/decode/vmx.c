/* Interruption information and exit qualifications. */
#include "vtdpi/vmx.h"

#include "vtdpi/vapic.h"

#include "decode/internal.h"

#include <stdio.h>
#include <string.h>

static const char *type_phrase(uint64_t word, char *text)
{
    const char *doc = decode_value_text("INTR_INFO", "TYPE", VTDPI_GET(INTR_INFO, TYPE, &word));
    return decode_phrase(doc != NULL ? doc : "reserved type", text);
}

void decode_intr_info(decode_t *d)
{
    char text[VTDPI_DECODE_TEXT];
    uint32_t info = (uint32_t)d->words[0];
    decode_fields(d, "INTR_INFO");
    decode_rest(d);
    if (VTDPI_GET(INTR_INFO, VALID, d->words) == 0) {
        decode_hardware(d, "not valid: nothing to inject; on an exit, nothing was acknowledged");
        return;
    }
    unsigned vector = (unsigned)VTDPI_GET(INTR_INFO, VECTOR, d->words);
    decode_hardware(d, "%s, vector %02Xh", type_phrase(info, text), vector);
    if (decode_value_text("INTR_INFO", "TYPE", VTDPI_GET(INTR_INFO, TYPE, d->words)) == NULL) {
        vtdpi_decode_remark(d->out, "type 1 is reserved");
    }
    if (vtdpi_intr_info_legal(info)) {
        decode_hardware(d, "legal in the entry field: VM entry injects it");
    } else {
        decode_hardware(d, "illegal in the entry field: VM entry fails (VMfailValid)");
        vtdpi_decode_remark(d->out, "as an entry field: %s",
                            decode_phrase(vtdpi_check_doc(VTDPI_CHECK_ENTRY_INTR_INFO), text));
    }
}

static void qual_register(decode_t *d, unsigned offset)
{
    static const struct {
        const char *name;
        const char *doc;
        unsigned offset;
        unsigned slots;
    } regs[] = {

#define VTDPI_LAPIC_REG(NAME, offset, slots, mmio, msr, doc) {#NAME, (doc), (offset), (slots)},
#include "vtdpi/layout/lapic_regs.def"
#undef VTDPI_LAPIC_REG
    };
    char text[VTDPI_DECODE_TEXT];
    for (size_t i = 0; i < sizeof regs / sizeof regs[0]; i++) {
        if (offset >= regs[i].offset && offset < regs[i].offset + 16 * regs[i].slots) {
            decode_hardware(d, "offset %03Xh is register %s, %s", offset, regs[i].name,
                            decode_phrase(regs[i].doc, text));
            return;
        }
    }
    decode_hardware(d, "no APIC register is at offset %03Xh", offset);
}

/* The access that [q] qualifies. Its offset is undefined unless the access is linear. */
static void qual_access(decode_t *q)
{
    uint64_t type = VTDPI_GET(QUAL_APIC_ACCESS, TYPE, q->words);
    if (decode_value_text("QUAL_APIC_ACCESS", "TYPE", type) == NULL) {
        decode_hardware(q, "the offset is unknown: the access type is reserved");
        vtdpi_decode_remark(q->out, "access type %u is reserved", (unsigned)type);
    } else if (type > VTDPI_VAPIC_LINEAR_EVENT) {
        decode_hardware(q, "the offset is undefined: the access is guest-physical");
    } else {
        qual_register(q, (unsigned)VTDPI_GET(QUAL_APIC_ACCESS, OFFSET, q->words));
    }
}

static void qual_meaning(decode_t *q, const char *structure)
{
    if (strcmp(structure, "QUAL_APIC_WRITE") == 0) {
        qual_register(q, (unsigned)VTDPI_GET(QUAL_APIC_WRITE, OFFSET, q->words));
    } else if (strcmp(structure, "QUAL_APIC_ACCESS") == 0) {
        qual_access(q);
    } else if (strcmp(structure, "QUAL_EOI") == 0) {
        decode_hardware(q, "the guest ended virtual vector %02Xh, whose EOI-exit bit is 1",
                        (unsigned)VTDPI_GET(QUAL_EOI, VECTOR, q->words));
    }
}

/** What made the exit, from vmexit.def; NULL if the reason is unknown. */
static const char *exit_doc(unsigned reason)
{
    switch (reason) {
#define VTDPI_VMEXIT(number, NAME, name, kind, doc)                                                \
    case (number):                                                                                 \
        return (doc);
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
    default:
        return NULL;
    }
}

/** Adds the rows of [structure] for word [word], a value of its own that is called [part]. */
static decode_t value_decode(const decode_t *d, unsigned word, const char *part,
                             const char *structure)
{
    decode_t value = {.words = d->words + word,
                      .count = 1,
                      .options = d->options,
                      .out = d->out,
                      .part = {part, NULL}};
    char later[VTDPI_DECODE_TEXT];
    (void)snprintf(later, sizeof later, "%s_LATER", structure);
    decode_fields(&value, structure);
    decode_fields(&value, later);
    decode_rest(&value);
    return value;
}

/** Whether the qualification of exit [reason] is 0, as SDM 3C, "Basic VM-Exit Information" has it;
 * for exit 0 if the interruption is neither #DB nor #PF. */
static bool qual_is_zero(unsigned reason)
{
    static const uint16_t reasons[] = {
        VTDPI_EXIT_EXCEPTION_NMI,
        VTDPI_EXIT_EXTERNAL_INTERRUPT,
        VTDPI_EXIT_TRIPLE_FAULT,
        VTDPI_EXIT_INIT_SIGNAL,
        VTDPI_EXIT_INTERRUPT_WINDOW,
        VTDPI_EXIT_NMI_WINDOW,
        VTDPI_EXIT_CPUID,
        VTDPI_EXIT_HLT,
        VTDPI_EXIT_VMCALL,
        VTDPI_EXIT_MSR_READ,
        VTDPI_EXIT_MSR_WRITE,
        VTDPI_EXIT_MONITOR_TRAP_FLAG,
        VTDPI_EXIT_TPR_BELOW_THRESHOLD,
        VTDPI_EXIT_EPT_MISCONFIG,
        VTDPI_EXIT_PREEMPTION_TIMER,
        VTDPI_EXIT_XSETBV,
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i] == reason) {
            return true;
        }
    }
    return false;
}

/* A qualification without fields: 0, or of a form that is not known here. */
static void qual_whole(decode_t *d, unsigned reason, uint32_t info)
{
    const uint64_t word = info;
    bool open = reason == VTDPI_EXIT_EXCEPTION_NMI && VTDPI_GET(INTR_INFO, VALID, &word) == 0;
    decode_t value = {
        .words = d->words + 1, .count = 1, .out = d->out, .part = {"qualification", NULL}};
    decode_whole(&value, "EXIT_QUALIFICATION", "exit qualification;");
    if (open) {
        decode_hardware(d, "the qualification's form depends on the interruption information");
    } else if (!qual_is_zero(reason)) {
        decode_hardware(d, "the models have no fields for this qualification");
    } else if (d->words[1] == 0) {
        decode_hardware(d, "this exit has no qualification: the word is 0");
    } else {
        vtdpi_decode_remark(d->out, "the qualification of exit %u is %llXh, not 0", reason,
                            (unsigned long long)d->words[1]);
    }
}

void decode_exit_qual(decode_t *d)
{
    char text[VTDPI_DECODE_TEXT];
    unsigned reason = (unsigned)VTDPI_GET(EXIT_REASON, BASIC, d->words);
    uint32_t info = d->count > 2 ? (uint32_t)d->words[2] : 0;
    const char *structure = vtdpi_qual_layout(reason, info);
    const char *doc = exit_doc(reason);
    (void)value_decode(d, 0, "exit reason", "EXIT_REASON");
    if (d->count > 2) {
        (void)value_decode(d, 2, "interruption", "INTR_INFO");
    }
    if (doc == NULL) {
        vtdpi_decode_remark(d->out, "exit reason %u is not one that is known", reason);
        return;
    }
    decode_hardware(d, "exit %u %s: %s", reason, vtdpi_exit_name(reason), decode_phrase(doc, text));
    if (VTDPI_GET(EXIT_REASON, ENTRY_FAILED, d->words) != 0) {
        decode_hardware(d, "VM entry failed: no exit from a running guest");
    }
    if (structure != NULL) {
        decode_t qualification = value_decode(d, 1, "qualification", structure);
        qual_meaning(&qualification, structure);
    } else {
        qual_whole(d, reason, info);
    }
}
