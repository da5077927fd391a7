#include "log/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_LIMIT = 1 << 20 };

void vtdpi_names_init(vtdpi_names_t *names, const vtdpi_scenario_t *scenario,
                      const vtdpi_run_t *run)
{
    *names = (vtdpi_names_t){.scenario = scenario, .run = run};
}

void vtdpi_names_free(vtdpi_names_t *names)
{
    for (int kind = 0; kind < VTDPI_NAME_KINDS; kind++) {
        for (uint32_t i = 0; i < names->count[kind]; i++) {
            free(names->names[kind][i].text);
        }
        free(names->names[kind]);
        names->names[kind] = NULL;
        names->count[kind] = 0;
    }
}

static const char *name_of_run(const vtdpi_run_t *run, vtdpi_name_kind_t kind, uint32_t index)
{
    if (run == NULL) {
        return NULL;
    }
    return kind == VTDPI_NAME_ACTOR    ? vtdpi_run_actor_name(run, index)
           : kind == VTDPI_NAME_THREAD ? vtdpi_run_thread_name(run, index)
                                       : vtdpi_run_line_name(run, index);
}

/** Number of interrupt [index] among those of its device. */
static uint32_t irq_number(const vtdpi_scenario_t *scenario, uint32_t index)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < index; i++) {
        if (scenario->interrupts[i].device == scenario->interrupts[index].device &&
            scenario->interrupts[i].emulated == scenario->interrupts[index].emulated) {
            number++;
        }
    }
    return number;
}

static bool name_of_scenario(const vtdpi_scenario_t *s, vtdpi_name_kind_t kind, uint32_t index,
                             char *text)
{
    if (kind == VTDPI_NAME_VCPU && index < s->vcpu_count && s->vcpus[index].vm < s->vm_count) {
        (void)snprintf(text, VTDPI_NAME_MAX, "%.80s/%u", s->vms[s->vcpus[index].vm].name,
                       (unsigned)s->vcpus[index].number);
        return true;
    }
    if (kind == VTDPI_NAME_IRQ && index < s->interrupt_count) {
        const vtdpi_interrupt_cfg_t *irq = &s->interrupts[index];
        uint32_t count = irq->emulated ? s->vmm_count : s->device_count;
        if (irq->device >= count) {
            return false;
        }
        (void)snprintf(text, VTDPI_NAME_MAX, "%.80s/%u",
                       irq->emulated ? s->vmms[irq->device].name : s->devices[irq->device].name,
                       (unsigned)irq_number(s, index));
        return true;
    }
    return false;
}

/** Characters that would need escaping in some format become underscores. */
static void name_clean(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20U || *c == '"' || *c == '\\' || *c == ',' || *c == '\x7f') {
            *c = '_';
        }
    }
}

static bool name_make(const vtdpi_names_t *names, vtdpi_name_kind_t kind, uint32_t index,
                      vtdpi_name_t *out)
{
    static const char *const kinds[VTDPI_NAME_KINDS] = {"actor", "thread", "line", "vcpu", "irq"};
    char text[VTDPI_NAME_MAX];
    const char *known = kind <= VTDPI_NAME_LINE ? name_of_run(names->run, kind, index) : NULL;
    if (known != NULL) {
        (void)snprintf(text, sizeof text, "%.100s", known);
    } else if (kind <= VTDPI_NAME_LINE || !name_of_scenario(names->scenario, kind, index, text)) {
        (void)snprintf(text, sizeof text, "%s%u", kinds[kind], (unsigned)index);
    }
    name_clean(text);
    out->length = (uint32_t)strlen(text);
    out->text = malloc(out->length + 1);
    if (out->text == NULL) {
        return false;
    }
    memcpy(out->text, text, out->length + 1);
    return true;
}

bool vtdpi_names_extend(vtdpi_names_t *names, vtdpi_name_kind_t kind, uint32_t index)
{
    if (index >= NAMES_LIMIT) {
        return false;
    }
    vtdpi_name_t *grown = realloc(names->names[kind], ((size_t)index + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    names->names[kind] = grown;
    while (names->count[kind] <= index) {
        uint32_t next = names->count[kind];
        if (!name_make(names, kind, next, &grown[next])) {
            return false;
        }
        names->count[kind]++;
    }
    return true;
}
