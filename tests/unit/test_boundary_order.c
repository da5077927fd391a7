/*
 * Instruction boundaries in non-root operation against the manual's list, read as a table: every
 * pair of pending events, in every activity state, under every blocking and every control that
 * matters.
 */
#include "vtdpi/boundary.h"

#include "vtd_test.h"

/* What the list looks at; one bit of [controls] a control below. */
typedef struct {
    uint32_t pending;
    uint32_t blocking;
    unsigned activity;
    unsigned controls;
    bool rflags_if;
    bool hold;
} case_t;

enum {
    EXITING = 1,
    ACKNOWLEDGE = 2,
    NMI_EXITING = 4,
    VIRTUAL_NMIS = 8,
    TIMER = 16,
    WINDOW = 32,
    NMI_WINDOW = 64,
    CONTROLS = 128,
    ALWAYS = 1 << 30, /* in place of a pending bit: a control alone makes the event */
    STI = VTDPI_BLOCK_STI,
    MOV_SS = VTDPI_BLOCK_MOV_SS,
    STATES = 5
};

/* A line of the list: it applies if its event is pending, the controls are as given, the state lets
 * it through and nothing blocks it. */
typedef struct {
    uint32_t pending;
    uint32_t blocked_by;
    uint8_t on;       /* controls that are 1 */
    uint8_t off;      /* controls that are 0 */
    uint8_t needs_if; /* RFLAGS.IF */
    uint8_t held;     /* 1: blocked_by counts only with the choice that holds external interrupts */
    const char *through; /* active, HLT, shutdown, wait-for-SIPI, MWAIT */
    vtdpi_next_t next;
} line_t;

static const line_t list[] = {
    {VTDPI_PENDING_SIPI, 0, 0, 0, 0, 0, "00010", VTDPI_NEXT_EXIT_SIPI},
    {VTDPI_PENDING_SIPI, 0, 0, 0, 0, 0, "11101", VTDPI_NEXT_DISCARD_SIPI},
    {VTDPI_PENDING_APIC_WRITE, 0, 0, 0, 0, 0, "11101", VTDPI_NEXT_APIC_WRITE},
    {VTDPI_PENDING_TPR_EXIT, 0, 0, 0, 0, 0, "11001", VTDPI_NEXT_EXIT_TPR},
    {VTDPI_PENDING_SMI, VTDPI_BLOCK_SMI, 0, 0, 0, 0, "11101", VTDPI_NEXT_SMI},
    {VTDPI_PENDING_INIT, 0, 0, 0, 0, 0, "11101", VTDPI_NEXT_EXIT_INIT},
    {VTDPI_PENDING_MTF, 0, 0, 0, 0, 0, "11101", VTDPI_NEXT_EXIT_MTF},
    {VTDPI_PENDING_DEBUG, 0, 0, 0, 0, 0, "11101", VTDPI_NEXT_DEBUG},
    {VTDPI_PENDING_PREEMPTION, 0, TIMER, 0, 0, 0, "11101", VTDPI_NEXT_EXIT_PREEMPTION},
    {ALWAYS, MOV_SS | VTDPI_BLOCK_NMI, NMI_WINDOW, 0, 0, 0, "11101", VTDPI_NEXT_EXIT_NMI_WINDOW},
    {VTDPI_PENDING_NMI, MOV_SS, NMI_EXITING | VIRTUAL_NMIS, 0, 0, 0, "11101", VTDPI_NEXT_EXIT_NMI},
    {VTDPI_PENDING_NMI, MOV_SS | VTDPI_BLOCK_NMI, NMI_EXITING, VIRTUAL_NMIS, 0, 0, "11101",
     VTDPI_NEXT_EXIT_NMI},
    {VTDPI_PENDING_NMI, MOV_SS | VTDPI_BLOCK_NMI, 0, NMI_EXITING | VIRTUAL_NMIS, 0, 0, "11101",
     VTDPI_NEXT_NMI},
    {ALWAYS, STI | MOV_SS, WINDOW, 0, 1, 0, "11001", VTDPI_NEXT_EXIT_WINDOW},
    {VTDPI_PENDING_VIRTUAL, STI | MOV_SS, 0, WINDOW, 1, 0, "11001", VTDPI_NEXT_VIRTUAL},
    {VTDPI_PENDING_EXTERNAL, STI | MOV_SS, EXITING | ACKNOWLEDGE, 0, 0, 1, "11001",
     VTDPI_NEXT_EXTERNAL},
    {VTDPI_PENDING_EXTERNAL, STI | MOV_SS, EXITING, ACKNOWLEDGE, 0, 1, "11001",
     VTDPI_NEXT_EXIT_EXTERNAL},
    {VTDPI_PENDING_EXTERNAL, STI | MOV_SS, 0, EXITING, 1, 0, "11001", VTDPI_NEXT_EXTERNAL},
    {VTDPI_PENDING_USER_INTERRUPT, MOV_SS, 0, 0, 0, 0, "10000", VTDPI_NEXT_USER_INTERRUPT},
};

static bool applies(const line_t *line, const case_t *c)
{
    uint32_t blocked_by = line->held != 0 && !c->hold ? 0 : line->blocked_by;
    return ((c->pending | (uint32_t)ALWAYS) & line->pending) != 0 &&
           (c->controls & line->on) == line->on && (c->controls & line->off) == 0 &&
           (line->needs_if == 0 || c->rflags_if) && (c->blocking & blocked_by) == 0 &&
           line->through[c->activity] == '1';
}

static vtdpi_next_t by_list(const case_t *c)
{
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (applies(&list[i], c)) {
            return list[i].next;
        }
    }
    return VTDPI_NEXT_NOTHING;
}

static vtdpi_next_t by_rule(const case_t *c)
{
    static const vtdpi_ctl_t controls[] = {VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING,
                                           VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT,
                                           VTDPI_CTL_NMI_EXITING,
                                           VTDPI_CTL_VIRTUAL_NMIS,
                                           VTDPI_CTL_PREEMPTION_TIMER,
                                           VTDPI_CTL_INTERRUPT_WINDOW_EXITING,
                                           VTDPI_CTL_NMI_WINDOW_EXITING};
    vtdpi_boundary_t facts = {.pending = c->pending,
                              .interruptibility = c->blocking,
                              .activity = (uint8_t)c->activity,
                              .rflags_if = c->rflags_if,
                              .hold_external = c->hold};
    for (unsigned i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        facts.set |= (c->controls >> i & 1U) != 0 ? vtdpi_ctl_one(controls[i]) : 0;
    }
    return vtdpi_boundary_next(&facts);
}

/* Controls that VM entry takes: virtual NMIs need NMI exiting, the NMI window needs virtual NMIs.
 */
static bool entered(unsigned controls)
{
    bool exiting = (controls & NMI_EXITING) != 0, virtual = (controls & VIRTUAL_NMIS) != 0;
    return (exiting || !virtual) && (virtual || (controls & NMI_WINDOW) == 0);
}

/* All pairs of pending events, single ones and none. */
static unsigned compare_pairs(case_t c)
{
    unsigned compared = 0;
    for (uint32_t a = 1; a <= VTDPI_PENDING_USER_INTERRUPT << 1; a <<= 1) {
        for (uint32_t b = a; b <= VTDPI_PENDING_USER_INTERRUPT << 1; b <<= 1) {
            c.pending = (a | b) & ((VTDPI_PENDING_USER_INTERRUPT << 1) - 1U);
            assert_int_equal(by_rule(&c), by_list(&c));
            compared++;
        }
    }
    return compared;
}

/* SDM 3A, "Priority Among Concurrent Events"; SDM 3C, "Event Blocking", "VM Entries": the rule
 * agrees with the list for every pair of events.
 * @shows sdm.boundary.apic-write, sdm.boundary.tpr-exit, sdm.boundary.smi, sdm.boundary.init,
 * sdm.boundary.sipi, sdm.boundary.wait-for-sipi, sdm.boundary.preemption, sdm.boundary.nmi-window,
 * sdm.boundary.nmi, sdm.boundary.nmi-blocking, sdm.boundary.virtual-nmis,
 * sdm.boundary.window-or-virtual, sdm.boundary.window, sdm.boundary.external,
 * sdm.boundary.external-blocking, sdm.boundary.acknowledge, sdm.boundary.user-interrupt,
 * sdm.boundary.wakes */
static void test_boundary_order__every_pair__is_as_in_the_list(void **state)
{
    (void)state;
    unsigned compared = 0;
    for (unsigned controls = 0; controls < CONTROLS; controls++) {
        for (uint32_t blocking = 0; blocking < 16 && entered(controls); blocking++) {
            for (unsigned activity = 0; activity < STATES; activity++) {
                for (unsigned flags = 0; flags < 4; flags++) {
                    compared += compare_pairs((case_t){.blocking = blocking,
                                                       .activity = activity,
                                                       .controls = controls,
                                                       .rflags_if = (flags & 1) != 0,
                                                       .hold = (flags & 2) != 0});
                }
            }
        }
    }
    assert_int_equal(compared, 64 * 16 * STATES * 4 * 91);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boundary_order__every_pair__is_as_in_the_list),
    };
    return cmocka_run_group_tests_name("boundary_order", tests, NULL, NULL);
}
