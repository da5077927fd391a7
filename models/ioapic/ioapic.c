/*
 * IOAPIC: registers, pins, remote IRR.
 */
#include "vtdpi/ioapic.h"

#include <string.h>

enum { IOAPIC_RTE_RESET = 0x10000, IOAPIC_SELECT_BITS = 0xFF, IOAPIC_WORD = 64 };

/* Rows of the table of indexed registers, and the bits of each that software writes. */
typedef enum {

#define VTDPI_IOAPIC_INDEX(NAME, index, writable, doc) IOAPIC_ROW_##NAME,
#include "vtdpi/layout/ioapic_regs.def"
#undef VTDPI_IOAPIC_INDEX
    IOAPIC_ROWS
} ioapic_row_t;

static const uint32_t ioapic_writable[IOAPIC_ROWS] = {
#define VTDPI_IOAPIC_INDEX(NAME, index, writable, doc) (writable),
#include "vtdpi/layout/ioapic_regs.def"
#undef VTDPI_IOAPIC_INDEX
};

/* Bits that the IOAPIC itself writes. */
#define IOAPIC_RTE_READ_ONLY                                                                       \
    (UINT64_C(1) << VTDPI_RTE_RIRR_LOW | UINT64_C(1) << VTDPI_RTE_STATUS_LOW)

/*
 * @rule vtd.ioapic.trigger | VT-d | Programming of Interrupt Remapping in IOxAPICs | RTE[15] is the
 * trigger mode in both forms of an entry.
 * @rule vtd.ioapic.edge-modes | 82093AA | I/O Redirection Table Registers | Choice: an entry in
 * compatibility form with SMI, NMI, INIT or ExtINT delivery is edge-triggered whatever RTE[15]
 * says.
 */
static bool ioapic_level(uint64_t rte)
{
    bool by_vector = VTDPI_GET(RTE_R, FORMAT, &rte) != 0 ||
                     VTDPI_GET(RTE, DLM, &rte) == VTDPI_DLM_FIXED ||
                     VTDPI_GET(RTE, DLM, &rte) == VTDPI_DLM_LOWEST;
    return by_vector && VTDPI_GET(RTE, TM, &rte) != 0;
}

/*
 * @rule vtd.ioapic.polarity | 82093AA | I/O Redirection Table Registers | RTE[13] = 0: the pin is
 * active when high; 1: when low.
 */
static bool ioapic_active(const vtdpi_ioapic_t *self, unsigned pin)
{
    bool high = (self->line[pin / IOAPIC_WORD] >> pin % IOAPIC_WORD & 1U) != 0;
    return high == (VTDPI_GET(RTE, POLARITY, &self->rte[pin]) == 0);
}

/*
 * @rule vtd.ioapic.edge | 82093AA | I/O Redirection Table Registers | An edge-triggered, unmasked
 * pin that goes from inactive to active requests once; remote IRR is not used.
 * @rule vtd.ioapic.level-pin | 82093AA | I/O Redirection Table Registers | A level-triggered,
 * unmasked pin requests while it is active and remote IRR is 0.
 * @rule vtd.ioapic.mask | 82093AA | I/O Redirection Table Registers | A masked pin requests
 * nothing: its edges are lost.
 * @rule vtd.ioapic.withdrawn | 82093AA | I/O Redirection Table Registers | Choice: a request that
 * has not left is withdrawn by the mask, and that of a level-triggered pin by its deassertion.
 */
static void ioapic_evaluate(vtdpi_ioapic_t *self, unsigned pin, bool rose)
{
    uint64_t *rte = &self->rte[pin];
    bool due = rose || VTDPI_GET(RTE, STATUS, rte) != 0;
    if (ioapic_level(*rte)) {
        due = ioapic_active(self, pin) && VTDPI_GET(RTE, RIRR, rte) == 0;
    }
    VTDPI_PUT(RTE, STATUS, rte, due && VTDPI_GET(RTE, MASK, rte) == 0);
}

void vtdpi_ioapic_init(vtdpi_ioapic_t *self, uint8_t pins, uint8_t version, uint8_t switches)
{
    VTDPI_ASSERT(pins != 0 && pins <= VTDPI_IOAPIC_PINS_MAX);
    memset(self, 0, sizeof *self);
    self->pins = pins;
    self->version = version;
    self->switches = switches;
    vtdpi_ioapic_reset(self);
}

/*
 * @rule vtd.ioapic.reset | 82093AA | I/O Redirection Table Registers | After a reset every entry is
 * masked and otherwise 0.
 */
void vtdpi_ioapic_reset(vtdpi_ioapic_t *self)
{
    self->id = 0;
    self->select = 0;
    for (unsigned pin = 0; pin < self->pins; pin++) {
        self->rte[pin] = IOAPIC_RTE_RESET;
    }
}

static uint64_t ioapic_entry_bits(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

static bool ioapic_entry_check(uint64_t rte)
{
    bool due = VTDPI_GET(RTE, STATUS, &rte) != 0;
    bool held = VTDPI_GET(RTE, RIRR, &rte) != 0;
    uint64_t writable = ioapic_entry_bits(ioapic_writable[IOAPIC_ROW_RTE_LOW],
                                          ioapic_writable[IOAPIC_ROW_RTE_HIGH]);
    return (rte & ~(writable | IOAPIC_RTE_READ_ONLY)) == 0 && !(due && held) &&
           !(due && VTDPI_GET(RTE, MASK, &rte) != 0) && !(held && !ioapic_level(rte));
}

bool vtdpi_ioapic_check(const vtdpi_ioapic_t *self)
{
    bool good = self->pins != 0 && self->pins <= VTDPI_IOAPIC_PINS_MAX &&
                (self->id & ~ioapic_writable[IOAPIC_ROW_ID]) == 0;
    for (unsigned pin = 0; good && pin < VTDPI_IOAPIC_PINS_MAX; pin++) {
        good = pin < self->pins ? ioapic_entry_check(self->rte[pin]) : self->rte[pin] == 0;
    }
    return good;
}

/*
 * @rule vtd.ioapic.version | 82093AA | IOAPIC Version Register | Version in bits 7:0, number of the
 * highest entry in bits 23:16; read-only.
 */
static uint32_t ioapic_version(const vtdpi_ioapic_t *self)
{
    uint64_t value = 0;
    VTDPI_PUT(IOAPIC_VERSION, VERSION, &value, self->version);
    VTDPI_PUT(IOAPIC_VERSION, HIGHEST, &value, self->pins - 1U);
    return (uint32_t)value;
}

/* The pin whose entry is selected; not below pins: none is. */
static unsigned ioapic_selected(const vtdpi_ioapic_t *self)
{
    unsigned above = (unsigned)self->select - VTDPI_IOAPIC_INDEX_RTE_LOW;
    return self->select < VTDPI_IOAPIC_INDEX_RTE_LOW ? UINT8_MAX : above / 2;
}

static bool ioapic_selects_high(const vtdpi_ioapic_t *self)
{
    return ((self->select ^ VTDPI_IOAPIC_INDEX_RTE_LOW) & 1U) != 0;
}

static uint32_t ioapic_window_read(const vtdpi_ioapic_t *self)
{
    unsigned pin = ioapic_selected(self);
    if (pin < self->pins) {
        return (uint32_t)(self->rte[pin] >> (ioapic_selects_high(self) ? 32 : 0));
    }
    switch (self->select) {
    case VTDPI_IOAPIC_INDEX_ID:
        return self->id;
    case VTDPI_IOAPIC_INDEX_VERSION:
        return ioapic_version(self);
    default:
        return 0;
    }
}

/*
 * @rule vtd.ioapic.window | 82093AA | I/O Window Register | IOREGSEL bits 7:0 select the register
 * that IOWIN reads and writes: ID at 0, version at 1, entry n at 10h + 2n and 11h + 2n.
 * @rule vtd.ioapic.absent | 82093AA | I/O Window Register | Choice: what is not there reads 0, and
 * a write of it is dropped.
 */
uint32_t vtdpi_ioapic_read(const vtdpi_ioapic_t *self, uint32_t offset)
{
    VTDPI_ASSERT(offset < VTDPI_IOAPIC_PAGE);
    switch (offset) {
    case VTDPI_IOAPIC_REG_SELECT:
        return self->select;
    case VTDPI_IOAPIC_REG_WINDOW:
        return ioapic_window_read(self);
    default:
        return 0;
    }
}

/*
 * @rule vtd.ioapic.entry | VT-d | Programming of Interrupt Remapping in IOxAPICs | Bits 63:48 and
 * 16:0 of an entry are written, less delivery status and remote IRR, which are read-only.
 * @rule vtd.ioapic.to-edge | 82093AA | I/O Redirection Table Registers | Choice: an entry that
 * becomes edge-triggered loses its remote IRR, and one whose trigger mode changes the request that
 * is due; a write of an entry makes no edge.
 */
static void ioapic_entry_write(vtdpi_ioapic_t *self, unsigned pin, uint64_t value,
                               uint64_t writable)
{
    uint64_t *rte = &self->rte[pin];
    bool was_level = ioapic_level(*rte);
    *rte = (*rte & ~writable) | (value & writable);
    if (ioapic_level(*rte) != was_level) {
        VTDPI_PUT(RTE, STATUS, rte, 0);
        VTDPI_PUT(RTE, RIRR, rte, 0);
    }
    ioapic_evaluate(self, pin, false);
}

static void ioapic_window_write(vtdpi_ioapic_t *self, uint32_t value)
{
    unsigned pin = ioapic_selected(self);
    if (pin < self->pins && ioapic_selects_high(self)) {
        ioapic_entry_write(self, pin, ioapic_entry_bits(0, value),
                           ioapic_entry_bits(0, ioapic_writable[IOAPIC_ROW_RTE_HIGH]));
    } else if (pin < self->pins) {
        ioapic_entry_write(self, pin, value, ioapic_writable[IOAPIC_ROW_RTE_LOW]);
    } else if (self->select == VTDPI_IOAPIC_INDEX_ID) {
        self->id = value & ioapic_writable[IOAPIC_ROW_ID];
    }
}

/*
 * @rule vtd.ioapic.eoi-register | 82093AA | EOI Register | From version 20h on, the write of a
 * vector to offset 40h is an EOI of it for this IOAPIC.
 */
void vtdpi_ioapic_write(vtdpi_ioapic_t *self, uint32_t offset, uint32_t value)
{
    VTDPI_ASSERT(offset < VTDPI_IOAPIC_PAGE);
    switch (offset) {
    case VTDPI_IOAPIC_REG_SELECT:
        self->select = value & IOAPIC_SELECT_BITS;
        break;
    case VTDPI_IOAPIC_REG_WINDOW:
        ioapic_window_write(self, value);
        break;
    case VTDPI_IOAPIC_REG_EOI:
        if (self->version >= VTDPI_IOAPIC_VERSION_EOI) {
            vtdpi_ioapic_eoi(self, (uint8_t)value);
        }
        break;
    default:
        break;
    }
}

void vtdpi_ioapic_pin(vtdpi_ioapic_t *self, unsigned pin, bool high)
{
    VTDPI_ASSERT(pin < self->pins);
    uint64_t *word = &self->line[pin / IOAPIC_WORD];
    bool was_high = (*word >> pin % IOAPIC_WORD & 1U) != 0;
    if (high == was_high) {
        return;
    }
    *word ^= UINT64_C(1) << pin % IOAPIC_WORD;
    ioapic_evaluate(self, pin, ioapic_active(self, pin));
}

/*
 * @rule vtd.ioapic.eoi | 82093AA | I/O Redirection Table Registers | The EOI of a vector clears
 * remote IRR of every level-triggered entry with this vector in bits 7:0, in remappable form too; a
 * pin that is still active and unmasked requests again.
 */
void vtdpi_ioapic_eoi(vtdpi_ioapic_t *self, uint8_t vector)
{
    for (unsigned pin = 0; pin < self->pins; pin++) {
        uint64_t *rte = &self->rte[pin];
        if (ioapic_level(*rte) && VTDPI_GET(RTE, VECTOR, rte) == vector) {
            VTDPI_PUT(RTE, RIRR, rte, 0);
            ioapic_evaluate(self, pin, false);
        }
    }
}

/*
 * @rule vtd.ioapic.status | 82093AA | I/O Redirection Table Registers | Delivery status is 1 from
 * when a request is due until it leaves.
 * @rule vtd.ioapic.remote-irr | 82093AA | I/O Redirection Table Registers | Choice: remote IRR of a
 * level-triggered pin is set when its request is sent, so that a blocked one keeps the pin silent
 * until the EOI; switch rirr_on_accept.
 */
vtdpi_ioapic_send_t vtdpi_ioapic_send(vtdpi_ioapic_t *self)
{
    vtdpi_ioapic_send_t out = {.send = 0};
    unsigned pin = 0;
    while (pin < self->pins && VTDPI_GET(RTE, STATUS, &self->rte[pin]) == 0) {
        pin++;
    }
    if (pin == self->pins) {
        return out;
    }
    uint64_t *rte = &self->rte[pin];
    uint64_t request = *rte;
    out.level = ioapic_level(*rte);
    VTDPI_PUT(RTE, TM, &request, out.level);
    VTDPI_PUT(RTE, STATUS, rte, 0);
    VTDPI_PUT(RTE, RIRR, rte,
              out.level != 0 && (self->switches & VTDPI_IOAPIC_RIRR_ON_ACCEPT) == 0);
    out.msi = vtdpi_msi_rte_request(request);
    out.pin = (uint8_t)pin;
    out.send = 1;
    return out;
}

/*
 * @rule vtd.ioapic.rirr-on-accept | 82093AA | I/O Redirection Table Registers | Choice: with switch
 * rirr_on_accept remote IRR is set if the request is accepted; a blocked one is tried again at the
 * pin's next change, EOI or write of its entry.
 */
void vtdpi_ioapic_outcome(vtdpi_ioapic_t *self, unsigned pin, bool accepted)
{
    VTDPI_ASSERT(pin < self->pins);
    uint64_t *rte = &self->rte[pin];
    if (accepted && (self->switches & VTDPI_IOAPIC_RIRR_ON_ACCEPT) != 0 && ioapic_level(*rte)) {
        VTDPI_PUT(RTE, RIRR, rte, 1);
        VTDPI_PUT(RTE, STATUS, rte, 0);
    }
}
