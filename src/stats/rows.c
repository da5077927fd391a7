#include "stats/rows.h"

#include "vtdpi/stats.h"

#include <string.h>

enum { COUNT = 1, REAL = 0 };

#define PARTS(cpu)                                                                                 \
    {"cycles.cpu" #cpu ".guest", "cycles", "core cycles in non-root operation", true},             \
        {"cycles.cpu" #cpu ".root", "cycles", "core cycles in root operation but for idle", true}, \
        {"cycles.cpu" #cpu ".exit", "cycles",                                                      \
         "core cycles of VM exits and entries, hardware part", true},                              \
        {"cycles.cpu" #cpu ".idle", "cycles", "core cycles of host idle", true},                   \
        {"cycles.cpu" #cpu ".halt", "cycles", "core cycles of HLT in non-root operation", true},

const vtdpi_stat_row_t vtdpi_stat_rows[] = {
#define VTDPI_STAT(id, name, kind, unit, formula) {name, unit, formula, (kind) == COUNT},
#include "vtdpi/stats.def"
#undef VTDPI_STAT
#define VTDPI_VMEXIT(number, NAME, name, kind, doc)                                                \
    {"exits." #name, "exits", "VM exits with reason " #NAME, true},
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
#define VTDPI_STAGE(name, kind, doc)                                                               \
    {"stage_ns." #name, "ns",                                                                      \
     "mean over delivered interrupts of the time in stage " #name ": " doc, false},
#include "vtdpi/stages.def"
#undef VTDPI_STAGE
#define VTDPI_EVENT(name, source, a0, a1, a2, a3, doc)                                             \
    {"events." #name, "events", "records of event " #name ": " doc, true},
#include "vtdpi/events.def"
#undef VTDPI_EVENT
    PARTS(0) PARTS(1) PARTS(2) PARTS(3) PARTS(4) PARTS(5) PARTS(6) PARTS(7) PARTS(8) PARTS(9)
        PARTS(10) PARTS(11) PARTS(12) PARTS(13) PARTS(14) PARTS(15) PARTS(16) PARTS(17) PARTS(18)
            PARTS(19) PARTS(20) PARTS(21) PARTS(22) PARTS(23) PARTS(24) PARTS(25) PARTS(26)
                PARTS(27) PARTS(28) PARTS(29) PARTS(30) PARTS(31) PARTS(32) PARTS(33) PARTS(34)
                    PARTS(35) PARTS(36) PARTS(37) PARTS(38) PARTS(39) PARTS(40) PARTS(41) PARTS(42)
                        PARTS(43) PARTS(44) PARTS(45) PARTS(46) PARTS(47) PARTS(48) PARTS(49)
                            PARTS(50) PARTS(51) PARTS(52) PARTS(53) PARTS(54) PARTS(55) PARTS(56)
                                PARTS(57) PARTS(58) PARTS(59) PARTS(60) PARTS(61) PARTS(62)
                                    PARTS(63)};
VTDPI_STATIC_ASSERT(sizeof vtdpi_stat_rows / sizeof vtdpi_stat_rows[0] == VTDPI_STAT_ROWS,
                    "the families fill the table");

static const uint8_t exit_reasons[] = {
#define VTDPI_VMEXIT(number, NAME, name, kind, doc) number,
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
};

unsigned vtdpi_stat_exit_reason(unsigned index)
{
    VTDPI_ASSERT(index < VTDPI_STAT_EXIT_ROWS);
    return exit_reasons[index];
}

unsigned vtdpi_stat_count(void)
{
    return VTDPI_STAT_ROWS;
}

const char *vtdpi_stat_name(unsigned index)
{
    return index < VTDPI_STAT_ROWS ? vtdpi_stat_rows[index].name : NULL;
}

bool vtdpi_stat_known(const char *name)
{
    for (unsigned i = 0; i < VTDPI_STAT_ROWS; i++) {
        if (strcmp(vtdpi_stat_rows[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}
