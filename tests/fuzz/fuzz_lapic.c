/*
 * Any accesses to the registers of a local APIC, as page and as MSRs, with messages,
 * acknowledgements and local events between them: the invariants hold, a refused access changes
 * nothing, and what is read-only stays.
 */
#include "vtdpi/lapic_access.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 3, RECORD = 10, PAGE = 0x1000, SVR_ON = 0x1FF };

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void access_msr(vtdpi_lapic_t *apic, uint32_t msr, uint64_t value, bool write)
{
    vtdpi_lapic_t before = *apic;
    vtdpi_lapic_access_t got =
        write ? vtdpi_lapic_wrmsr(apic, msr, value) : vtdpi_lapic_rdmsr(apic, msr);
    require(got.ok == 0 || got.gp == 0);
    require((got.ok != 0 && write) || memcmp(&before, apic, sizeof before) == 0);
}

static void access_page(vtdpi_lapic_t *apic, uint32_t offset, uint32_t value, bool write)
{
    vtdpi_lapic_t before = *apic;
    vtdpi_lapic_access_t got =
        write ? vtdpi_lapic_mmio_write(apic, offset, value) : vtdpi_lapic_mmio_read(apic, offset);
    require(got.gp == 0 && got.ok == (before.mode == VTDPI_LAPIC_XAPIC));
    require(got.ok != 0 || memcmp(&before, apic, sizeof before) == 0);
}

/* The MSRs that are the APIC's, those around them, and the two outside the block. */
static uint32_t msr_of(const uint8_t *record)
{
    if (record[1] < 16) {
        return record[1] < 8 ? VTDPI_LAPIC_MSR_APIC_BASE : VTDPI_LAPIC_MSR_DEADLINE;
    }
    return VTDPI_LAPIC_MSR_FIRST + record[1] + (record[1] > 250 ? 16U : 0);
}

/* What happens between two accesses. */
static void event(vtdpi_lapic_t *apic, const uint8_t *record)
{
    vtdpi_intr_msg_t msg = {.dest = record[4],
                            .vector = record[2],
                            .delivery_mode = record[3] & 7,
                            .dest_mode = record[3] >> 3 & 1,
                            .trigger_mode = record[3] >> 4 & 1,
                            .level = 1,
                            .wide = record[3] >> 5 & 1};
    switch (record[1] % 6) {
    case 0:
        if (vtdpi_lapic_matches(apic, &msg)) {
            (void)vtdpi_lapic_accept(apic, &msg);
        }
        break;
    case 1:
        (void)vtdpi_lapic_acknowledge(apic);
        break;
    case 2:
        (void)vtdpi_lapic_lvt_event(apic, (vtdpi_lapic_lvt_t)(record[2] % VTDPI_LAPIC_LVTS));
        break;
    case 3:
        if (apic->timer_armed != 0 || apic->deadline_armed != 0) {
            (void)vtdpi_lapic_timer_expire(apic);
        }
        break;
    case 4:
        vtdpi_lapic_write_cr8(apic, record[2] & 15);
        break;
    default:
        vtdpi_lapic_reset(apic, (vtdpi_lapic_reset_t)(record[2] & 1));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER) {
        return 0;
    }
    vtdpi_lapic_t apic;
    uint32_t id = (uint32_t)(data[0] | data[1] << 8U);
    vtdpi_lapic_init(&apic, id, (data[2] & 1) != 0, data[2] >> 1 & 15);
    (void)vtdpi_lapic_mmio_write(&apic, VTDPI_LAPIC_REG_SVR, SVR_ON);
    for (size_t at = HEADER; at + RECORD <= size; at += RECORD) {
        const uint8_t *record = data + at;
        uint64_t value = 0;
        memcpy(&value, record + 2, sizeof value);
        if ((record[0] & 3) == 0) {
            event(&apic, record);
        } else if ((record[0] & 3) == 1) {
            access_msr(&apic, msr_of(record), value, (record[0] & 4) != 0);
        } else {
            uint32_t offset = (uint32_t)(record[1] << 4U | (record[0] >> 4 & record[0])) % PAGE;
            access_page(&apic, offset, (uint32_t)value, (record[0] & 4) != 0);
        }
        require(vtdpi_lapic_check(&apic));
        require(apic.id == id);
    }
    return 0;
}
