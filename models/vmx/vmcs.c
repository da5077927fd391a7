#include "vtdpi/vmx.h"

#include <string.h>

/* A 64-bit field is read and written in halves too. */
enum { VMCS_HALF_BITS = 32 };

/* @rule sdm.vmcs.activated | SDM 3C | Processor-Based VM-Execution Controls | Secondary controls
 * act as 0 where primary bit 31 is 0, tertiary ones where primary bit 17 is 0. */
vtdpi_ctls_t vtdpi_vmcs_controls(const vtdpi_vmcs_t *vmcs)
{
    uint64_t words[VTDPI_VMCS_CONTROL_WORDS];
    memcpy(words, vmcs->controls, sizeof words);
    uint64_t proc = words[VTDPI_VMCS_PROC];
    words[VTDPI_VMCS_PROC2] *= proc >> VTDPI_CTL_SECONDARY_CONTROLS_BIT & 1U;
    words[VTDPI_VMCS_PROC3] *= proc >> VTDPI_CTL_TERTIARY_CONTROLS_BIT & 1U;
    vtdpi_ctls_t set = 0;
#define VTDPI_CONTROL(NAME, name, word, bit, doc)                                                  \
    set |= (words[VTDPI_VMCS_##word] >> (bit)&1U) << (unsigned)VTDPI_CTL_##NAME;
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL
    return set;
}

static void vmcs_bit_set(vtdpi_vmcs_t *vmcs, vtdpi_vmcs_word_t word, unsigned bit, bool on)
{
    vmcs->controls[word] = vtdpi_with_bits(vmcs->controls[word], bit, 1, on);
}

void vtdpi_vmcs_set_control(vtdpi_vmcs_t *vmcs, vtdpi_ctl_t ctl, bool on)
{
    static const uint8_t words[VTDPI_CTLS] = {
#define VTDPI_CONTROL(NAME, name, word, bit, doc) VTDPI_VMCS_##word,
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL
    };
    static const uint8_t bits[VTDPI_CTLS] = {
#define VTDPI_CONTROL(NAME, name, word, bit, doc) (bit),
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL
    };
    VTDPI_ASSERT(ctl < VTDPI_CTLS);
    vmcs_bit_set(vmcs, (vtdpi_vmcs_word_t)words[ctl], bits[ctl], on);
    if (on && words[ctl] == VTDPI_VMCS_PROC2) {
        vmcs_bit_set(vmcs, VTDPI_VMCS_PROC, VTDPI_CTL_SECONDARY_CONTROLS_BIT, true);
    }
    if (on && words[ctl] == VTDPI_VMCS_PROC3) {
        vmcs_bit_set(vmcs, VTDPI_VMCS_PROC, VTDPI_CTL_TERTIARY_CONTROLS_BIT, true);
    }
}

/* Where a field lies in vtdpi_vmcs_t. */
typedef struct {
    uint16_t encoding;
    uint16_t at;    /* bytes */
    uint8_t width;  /* architectural bits, 0: natural */
    uint8_t stored; /* bytes */
} vmcs_field_t;

static const vmcs_field_t vmcs_fields[] = {
#define VTDPI_VMCS_FIELD(NAME, encoding, width, member, doc)                                       \
    {(encoding), offsetof(vtdpi_vmcs_t, member), (width), sizeof((vtdpi_vmcs_t *)0)->member},
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_VMCS_FIELD
};

/* @rule sdm.vmcs.encoding | SDM 3D | Field Encoding in VMCS | A field is named by its encoding; an
 * odd one is the high half of a 64-bit field. */
static const vmcs_field_t *vmcs_field_find(uint32_t encoding)
{
    for (size_t i = 0; i < sizeof vmcs_fields / sizeof vmcs_fields[0]; i++) {
        const vmcs_field_t *field = &vmcs_fields[i];
        if (encoding == field->encoding ||
            (encoding == field->encoding + 1U && field->width == 2 * VMCS_HALF_BITS)) {
            return field;
        }
    }
    return NULL;
}

/* Little-endian copies between a field of 2, 4 or 8 bytes and a word. */
static uint64_t vmcs_load(const vtdpi_vmcs_t *vmcs, const vmcs_field_t *field)
{
    const uint8_t *from = (const uint8_t *)vmcs + field->at;
    uint16_t half = 0;
    uint32_t word = 0;
    uint64_t full = 0;
    if (field->stored == sizeof half) {
        memcpy(&half, from, sizeof half);
        return half;
    }
    if (field->stored == sizeof word) {
        memcpy(&word, from, sizeof word);
        return word;
    }
    memcpy(&full, from, sizeof full);
    return full;
}

static void vmcs_store(vtdpi_vmcs_t *vmcs, const vmcs_field_t *field, uint64_t value)
{
    uint8_t *to = (uint8_t *)vmcs + field->at;
    uint16_t half = (uint16_t)value;
    uint32_t word = (uint32_t)value;
    if (field->stored == sizeof half) {
        memcpy(to, &half, sizeof half);
    } else if (field->stored == sizeof word) {
        memcpy(to, &word, sizeof word);
    } else {
        memcpy(to, &value, sizeof value);
    }
}

bool vtdpi_vmcs_read(const vtdpi_vmcs_t *vmcs, uint32_t encoding, uint64_t *value)
{
    const vmcs_field_t *field = vmcs_field_find(encoding);
    if (field == NULL) {
        return false;
    }
    uint64_t whole = vmcs_load(vmcs, field);
    *value = encoding != field->encoding ? whole >> VMCS_HALF_BITS : whole;
    return true;
}

/* @rule sdm.vmcs.write-exit-fields | SDM 3C | VMREAD, VMWRITE, and Encodings of VMCS Fields |
 * Choice: VMWRITE may write VM-exit information fields. */
bool vtdpi_vmcs_write(vtdpi_vmcs_t *vmcs, uint32_t encoding, uint64_t value)
{
    const vmcs_field_t *field = vmcs_field_find(encoding);
    if (field == NULL) {
        return false;
    }
    if (encoding != field->encoding) {
        value = vtdpi_with_bits(vmcs_load(vmcs, field), VMCS_HALF_BITS, VMCS_HALF_BITS, value);
    } else if (field->width == VMCS_HALF_BITS) {
        value &= UINT32_MAX;
    }
    vmcs_store(vmcs, field, value);
    return true;
}
