/* Texts of faults and messages, and the unit that the rules are asked about. */
#include "decode/internal.h"

#include <stdio.h>

enum { VECTOR_LEAST = 16 };

/* Reasons of interrupt faults: the first, the last, and those that fault.def has not. */
enum { FAULT_FIRST = 0x20, FAULT_UNTRANSLATED = 0x29, FAULT_LAST = FAULT_UNTRANSLATED };

bool decode_fault_of_interrupt(uint8_t code)
{
    return code >= FAULT_FIRST && code <= FAULT_LAST;
}

char *decode_fault(uint8_t code, char *text)
{
    char phrase[VTDPI_DECODE_TEXT];
    switch (code) {
#define VTDPI_FAULT_ROW(number, NAME, name, qualified, logged, doc)                                \
    case (number):                                                                                 \
        (void)snprintf(text, VTDPI_DECODE_TEXT, "%02Xh %s (%.180s)", (unsigned)code, #name,        \
                       decode_phrase(doc, phrase));                                                \
        break;
#include "vtdpi/fault.def"
#undef VTDPI_FAULT_ROW
    case FAULT_UNTRANSLATED:
        (void)snprintf(text, VTDPI_DECODE_TEXT,
                       "%02Xh, an interrupt reason that the models never generate (invalid "
                       "untranslated request without PASID)",
                       (unsigned)code);
        break;
    default:
        (void)snprintf(text, VTDPI_DECODE_TEXT, "%02Xh, no interrupt fault", (unsigned)code);
        break;
    }
    return text;
}

/** The delivery mode [mode], in a phrase. Returns text. */
static char *mode_phrase(uint8_t mode, char *text)
{
    const char *doc = decode_value_text("IRTE", "DLM", mode);
    return decode_phrase(doc != NULL ? doc : "unknown", text);
}

static bool has_vector(uint8_t mode)
{
    return mode == VTDPI_DLM_FIXED || mode == VTDPI_DLM_LOWEST;
}

char *decode_message(const vtdpi_intr_msg_t *msg, char *text)
{
    char mode[VTDPI_DECODE_TEXT];
    char vector[32] = "";
    (void)mode_phrase(msg->delivery_mode, mode);
    if (has_vector(msg->delivery_mode)) {
        (void)snprintf(vector, sizeof vector, "vector %02Xh, ", (unsigned)msg->vector);
    }
    (void)snprintf(text, VTDPI_DECODE_TEXT, "%s%.40s, %s, to %s APIC ID %0*Xh (%s)%s", vector, mode,
                   msg->trigger_mode != 0 ? "level" : "edge",
                   msg->dest_mode != 0 ? "logical" : "physical", msg->wide != 0 ? 8 : 2,
                   (unsigned)msg->dest, msg->wide != 0 ? "x2APIC" : "xAPIC",
                   msg->rh != 0 ? ", redirection hint" : "");
    return text;
}

void decode_mode_check(decode_t *d, uint8_t mode)
{
    if (mode == 3 || mode == VTDPI_DLM_STARTUP) {
        vtdpi_decode_remark(d->out, "delivery mode %u is a reserved encoding", (unsigned)mode);
    }
}

void decode_message_check(decode_t *d, const vtdpi_intr_msg_t *msg)
{
    if (has_vector(msg->delivery_mode) && msg->vector < VECTOR_LEAST) {
        vtdpi_decode_remark(d->out, "vector %02Xh is below 10h: a local APIC takes it as an error",
                            (unsigned)msg->vector);
    }
    decode_mode_check(d, msg->delivery_mode);
}

vtdpi_iommu_t decode_unit(const decode_t *d)
{
    vtdpi_iommu_t u;
    vtdpi_iommu_init(&u, &d->options->unit);
    VTDPI_PUT(GSTS, IRES, &u.arch.reg[VTDPI_REG_GSTS], 1);
    u.arch.irta_s = (uint8_t)vtdpi_mask(VTDPI_IRTA_S_WIDTH);
    u.arch.eime = d->options->eime;
    return u;
}
