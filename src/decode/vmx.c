/* Interruption information and exit qualifications. */
#include "vtdpi/vmx.h"

#include "decode/internal.h"

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

static void qual_meaning(decode_t *q, const char *structure)
{
    if (strcmp(structure, "QUAL_APIC_WRITE") == 0) {
        qual_register(q, (unsigned)VTDPI_GET(QUAL_APIC_WRITE, OFFSET, q->words));
    } else if (strcmp(structure, "QUAL_APIC_ACCESS") == 0) {
        uint64_t type = VTDPI_GET(QUAL_APIC_ACCESS, TYPE, q->words);
        if (decode_value_text(structure, "TYPE", type) == NULL) {
            vtdpi_decode_remark(q->out, "access type %u is reserved", (unsigned)type);
        }
        qual_register(q, (unsigned)VTDPI_GET(QUAL_APIC_ACCESS, OFFSET, q->words));
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
    decode_fields(&value, structure);
    decode_rest(&value);
    return value;
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
    } else if (reason == VTDPI_EXIT_EXCEPTION_NMI && d->count == 2) {
        decode_hardware(d, "the qualification's form depends on the interruption information");
    } else {
        decode_hardware(d, d->words[1] != 0 ? "the models have no fields for this qualification"
                                            : "the qualification has no fields");
    }
}
