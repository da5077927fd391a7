/*
 * Exit qualifications, from the layouts of vmcs.def.
 */
#include "vtdpi/vmx.h"

/* A row of the table that says which exit has which layout. */
typedef struct {
    const char *layout;
    uint16_t reason;
    uint16_t pad_[3];
} qual_row_t;

static const qual_row_t qual_rows[] = {
#define VTDPI_EXIT_QUALIFICATION(EXIT, STRUCTURE, doc) {#STRUCTURE, VTDPI_EXIT_##EXIT, {0, 0, 0}},
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_EXIT_QUALIFICATION
};

/* @rule sdm.qual.exception | SDM 3C | Basic VM-Exit Information | Exit 0 of a hardware exception:
 * #PF tells the linear address, #DB what debug conditions were met, others 0. */
static const char *qual_exception(uint32_t intr_info)
{
    enum { DB = 1, PF = 14 };

    uint64_t info = intr_info;
    uint64_t vector = VTDPI_GET(INTR_INFO, VECTOR, &info);
    uint64_t type = VTDPI_GET(INTR_INFO, TYPE, &info);
    bool valid = VTDPI_GET(INTR_INFO, VALID, &info) != 0;
    if (valid && vector == PF && type == VTDPI_INTR_EXCEPTION) {
        return "QUAL_PAGE_FAULT";
    }
    bool debug = type == VTDPI_INTR_EXCEPTION || type == VTDPI_INTR_PRIV_EXCEPTION;
    return valid && vector == DB && debug ? "QUAL_DEBUG" : NULL;
}

const char *vtdpi_qual_layout(unsigned reason, uint32_t intr_info)
{
    if (reason == VTDPI_EXIT_EXCEPTION_NMI) {
        return qual_exception(intr_info);
    }
    for (size_t i = 0; i < sizeof qual_rows / sizeof qual_rows[0]; i++) {
        if (qual_rows[i].reason == reason) {
            return qual_rows[i].layout;
        }
    }
    return NULL;
}

/* @rule sdm.qual.apic-access | SDM 3C | Exit Qualification for APIC-Access VM Exits | 11:0 offset,
 * 15:12 type of access; for guest-physical accesses the offset is undefined. */
uint64_t vtdpi_qual_apic_access(uint16_t offset, unsigned type)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_APIC_ACCESS, OFFSET, &word, offset);
    VTDPI_PUT(QUAL_APIC_ACCESS, TYPE, &word, type);
    return word;
}

/* @rule sdm.qual.eoi | SDM 3C | EOI Virtualization | Exit 45 tells the vector of the EOI in 7:0. */
uint64_t vtdpi_qual_eoi(uint8_t vector)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_EOI, VECTOR, &word, vector);
    return word;
}

/* @rule sdm.qual.apic-write | SDM 3C | APIC-Write VM Exits | Exit 56 tells the page offset of the
 * write in 11:0; 3F0h for SELF IPI, 300h for ICR. */
uint64_t vtdpi_qual_apic_write(uint16_t offset)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_APIC_WRITE, OFFSET, &word, offset);
    return word;
}

/* @rule sdm.qual.sipi | SDM 3C | Basic VM-Exit Information | Exit 4 tells the SIPI's vector in 7:0.
 */
uint64_t vtdpi_qual_sipi(uint8_t vector)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_SIPI, VECTOR, &word, vector);
    return word;
}

/* @rule sdm.qual.mwait | SDM 3C | Basic VM-Exit Information | Exit 36 tells in bit 0 whether a
 * monitor is armed. */
uint64_t vtdpi_qual_mwait(bool armed)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_MWAIT, ARMED, &word, armed);
    return word;
}

/* @rule sdm.qual.cr | SDM 3C | Exit Qualification for Control-Register Accesses | 3:0 control
 * register, 5:4 type of access, 11:8 general-purpose register. */
uint64_t vtdpi_qual_cr(unsigned number, unsigned type, unsigned gpr)
{
    uint64_t word = 0;
    VTDPI_PUT(QUAL_CR, NUMBER, &word, number);
    VTDPI_PUT(QUAL_CR, TYPE, &word, type);
    VTDPI_PUT(QUAL_CR, GPR, &word, gpr);
    return word;
}

/* @rule sdm.qual.ept | SDM 3C | Exit Qualification for EPT Violations | 2:0 read, write, fetch; 5:3
 * what is allowed; 7 linear address valid; 8 translation, not walk; 12 NMI unblocking. */
uint64_t vtdpi_qual_ept(vtdpi_ept_violation_t violation)
{
    uint64_t word = 0;
    word = vtdpi_with_bits(word, VTDPI_QUAL_EPT_READ_LOW,
                           VTDPI_QUAL_EPT_READABLE_LOW - VTDPI_QUAL_EPT_READ_LOW, violation.access);
    word =
        vtdpi_with_bits(word, VTDPI_QUAL_EPT_READABLE_LOW,
                        VTDPI_QUAL_EPT_READABLE_LOW - VTDPI_QUAL_EPT_READ_LOW, violation.allowed);
    VTDPI_PUT(QUAL_EPT, LINEAR_VALID, &word, violation.linear_valid);
    VTDPI_PUT(QUAL_EPT, TRANSLATED, &word, violation.translated);
    VTDPI_PUT(QUAL_EPT, NMI_UNBLOCKING, &word, violation.nmi_unblocking);
    return word;
}
