#include "scenario/keys.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *doc;
} name_row_t;

static const name_row_t names_apic[] = {{"xapic", "8-bit APIC IDs, registers in memory"},
                                        {"x2apic", "32-bit APIC IDs, registers as MSRs"},
                                        {NULL, NULL}};

static const name_row_t names_msi[] = {{"msi", "multi-message MSI: a run of remapping entries"},
                                       {"msix", "MSI-X: an entry an interrupt"},
                                       {NULL, NULL}};

static const name_row_t names_timer[] = {{"tsc_deadline", "IA32_TSC_DEADLINE is written"},
                                         {"one_shot", "the initial count is written"},
                                         {NULL, NULL}};

/* Model switches, in the order of their enumerations. */
static const name_row_t names_svt3[] = {{"26h", "source validation failed"},
                                        {"24h", "a reserved field of the entry is set"},
                                        {NULL, NULL}};

static const name_row_t names_irte_order[] = {{"source_first", "SID, then reserved fields"},
                                              {"reserved_first", "reserved fields, then SID"},
                                              {NULL, NULL}};

static const name_row_t names_pir_order[] = {
    {"ascending", "word by word from the lowest"},
    {"any", "every order in an exploration; ascending in a run"},
    {NULL, NULL}};

static const name_row_t names_ppr_equal[] = {
    {"tpr", "PPR[3:0] is TPR[3:0]"}, {"zero", "PPR[3:0] is 0"}, {NULL, NULL}};

static const name_row_t names_lowest[] = {{"lowest_tpr", "lowest TPR, then lowest ID"},
                                          {"vector", "vector modulo number of candidates"},
                                          {"first", "the first candidate"},
                                          {NULL, NULL}};

static const name_row_t names_dropped[] = {
    {"dropped", "nothing is sent"}, {"sent", "it is sent"}, {NULL, NULL}};

/* In the order of vtdpi_status_t. */
static const name_row_t names_status[] = {
    {"measured", "measured by the source"},
    {"derived", "follows from measured figures by arithmetic"},
    {"from_memory", "recalled, not read again"},
    {"guess", "no public figure"},
    {NULL, NULL}};

static const name_row_t names_protocol[] = {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc) {#name, doc},
#define VTDPI_VARIANT(protocol, name, bit, doc)
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
    {NULL, NULL},
};

static const name_row_t names_variant[] = {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc)
#define VTDPI_VARIANT(protocol, name, bit, doc) {#name, doc},
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
    {NULL, NULL},
};

static const name_row_t names_monitor[] = {
#define VTDPI_MONITOR(name, doc) {#name, doc},
#include "vtdpi/monitor.def"
#undef VTDPI_MONITOR
    {NULL, NULL},
};

static const name_row_t names_event[] = {
#define VTDPI_EVENT(name, source, a0, a1, a2, a3, doc) {#name, doc},
#include "vtdpi/events.def"
#undef VTDPI_EVENT
    {NULL, NULL},
};

static const name_row_t names_error[] = {
#define VTDPI_RUN_ERROR(name, doc) {#name, doc},
#include "scenario/errors.def"
#undef VTDPI_RUN_ERROR
    {NULL, NULL},
};

static const name_row_t names_timing[] = {
#define VTDPI_TIMING(name, domain, doc) {#name, doc},
#include "vtdpi/timing.def"
#undef VTDPI_TIMING
    {NULL, NULL},
};

static const name_row_t *const name_lists[NAMES_COUNT] = {
    [NAMES_APIC] = names_apic,           [NAMES_MSI] = names_msi,
    [NAMES_STATUS] = names_status,       [NAMES_PROTOCOL] = names_protocol,
    [NAMES_VARIANT] = names_variant,     [NAMES_MONITOR] = names_monitor,
    [NAMES_EVENT] = names_event,         [NAMES_ERROR] = names_error,
    [NAMES_TIMING] = names_timing,       [NAMES_TIMER] = names_timer,
    [NAMES_SVT3] = names_svt3,           [NAMES_IRTE_ORDER] = names_irte_order,
    [NAMES_PIR_ORDER] = names_pir_order, [NAMES_PPR_EQUAL] = names_ppr_equal,
    [NAMES_LOWEST] = names_lowest,       [NAMES_DROPPED] = names_dropped,
};

static const uint32_t name_counts[NAMES_COUNT] = {
#define COUNT_OF(list) (uint32_t)(sizeof(list) / sizeof((list)[0]) - 1)
    [NAMES_APIC] = COUNT_OF(names_apic),           [NAMES_MSI] = COUNT_OF(names_msi),
    [NAMES_STATUS] = COUNT_OF(names_status),       [NAMES_PROTOCOL] = COUNT_OF(names_protocol),
    [NAMES_VARIANT] = COUNT_OF(names_variant),     [NAMES_MONITOR] = COUNT_OF(names_monitor),
    [NAMES_EVENT] = COUNT_OF(names_event),         [NAMES_ERROR] = COUNT_OF(names_error),
    [NAMES_TIMING] = COUNT_OF(names_timing),       [NAMES_TIMER] = COUNT_OF(names_timer),
    [NAMES_SVT3] = COUNT_OF(names_svt3),           [NAMES_IRTE_ORDER] = COUNT_OF(names_irte_order),
    [NAMES_PIR_ORDER] = COUNT_OF(names_pir_order), [NAMES_PPR_EQUAL] = COUNT_OF(names_ppr_equal),
    [NAMES_LOWEST] = COUNT_OF(names_lowest),       [NAMES_DROPPED] = COUNT_OF(names_dropped),
};

typedef struct {
    const char *protocol;
    const char *name;
    uint32_t bit;
} variant_row_t;

static const variant_row_t variants[] = {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc)
#define VTDPI_VARIANT(protocol, name, bit, doc) {#protocol, #name, bit},
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
    {NULL, NULL, 0},
};

static const bool protocol_posting[] = {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc) (posting) != 0,
#define VTDPI_VARIANT(protocol, name, bit, doc)
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
};

static const bool protocol_ipiv[] = {
#define VTDPI_PROTOCOL(name, posting, ipiv, doc) (ipiv) != 0,
#define VTDPI_VARIANT(protocol, name, bit, doc)
#include "vtdpi/hypervisor.def"
#undef VTDPI_PROTOCOL
#undef VTDPI_VARIANT
};

const char *vtdpi_name(names_t names, uint32_t index)
{
    return index < name_counts[names] ? name_lists[names][index].name : NULL;
}

const char *vtdpi_name_doc(names_t names, uint32_t index)
{
    return index < name_counts[names] ? name_lists[names][index].doc : "";
}

uint32_t vtdpi_name_index(names_t names, const char *name)
{
    for (uint32_t i = 0; i < name_counts[names]; i++) {
        if (strcmp(name_lists[names][i].name, name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

bool vtdpi_protocol_posts(uint32_t index)
{
    return protocol_posting[index];
}

bool vtdpi_protocol_ipiv(uint32_t index)
{
    return protocol_ipiv[index];
}

uint32_t vtdpi_variant_bit(uint32_t protocol, const char *name)
{
    for (const variant_row_t *row = variants; row->name != NULL; row++) {
        if (strcmp(row->protocol, names_protocol[protocol].name) == 0 &&
            strcmp(row->name, name) == 0) {
            return row->bit;
        }
    }
    return UINT32_MAX;
}

const char *vtdpi_variant_name(uint32_t protocol, uint32_t index)
{
    for (const variant_row_t *row = variants; row->name != NULL; row++) {
        if (strcmp(row->protocol, names_protocol[protocol].name) == 0 && index-- == 0) {
            return row->name;
        }
    }
    return NULL;
}
