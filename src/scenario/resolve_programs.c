/* Programs and handlers of guests, outside events. */
#include "scenario/resolve.h"

#include <inttypes.h>
#include <string.h>

enum { REPEAT_DEPTH_MAX = VTDPI_YAML_DEPTH_MAX };

/* A list of steps that is being copied. */
typedef struct {
    const raw_step_t *steps;
    uint32_t count;
    uint32_t next;
    uint32_t repeat; /* index of the REPEAT that it is the body of */
} program_frame_t;

typedef struct {
    const vtdpi_resolve_t *resolve;
    uint32_t vm;
    program_frame_t frame[REPEAT_DEPTH_MAX];
    uint32_t depth;
    vtdpi_step_t *steps;
    uint32_t count;
    uint32_t room;
} program_t;

static void step_ipi(const program_t *program, const raw_ipi_t *raw, vtdpi_step_t *step)
{
    step->value = raw->vector;
    if (vtdpi_resolve_vcpu(program->resolve, raw->vcpu, &step->target) &&
        program->resolve->out->vcpus[step->target].vm != program->vm) {
        vtdpi_diags_add(program->resolve->reading->diags, raw->vcpu.node->place, NULL,
                        "\"%.63s\" is a vCPU of another VM (expected one of \"%.63s\")",
                        raw->vcpu.text, program->resolve->out->vms[program->vm].name);
    }
}

static void step_msi(const program_t *program, const raw_msi_t *raw, vtdpi_step_t *step)
{
    const vtdpi_scenario_t *out = program->resolve->out;
    if (!vtdpi_resolve_interrupt(program->resolve, raw->interrupt, &step->target)) {
        return;
    }
    const vtdpi_interrupt_cfg_t *interrupt = &out->interrupts[step->target];
    step->value =
        vtdpi_resolve_given(&raw->head, SECTION_msi, "vector") ? raw->vector : interrupt->vector;
    step->vcpu = interrupt->vcpu;
    if (raw->vcpu.text != NULL) {
        (void)vtdpi_resolve_vcpu(program->resolve, raw->vcpu, &step->vcpu);
    }
}

static void program_enter(program_t *program, const raw_list_t *list, uint32_t repeat)
{
    VTDPI_ASSERT(program->depth < REPEAT_DEPTH_MAX);
    program->frame[program->depth++] =
        (program_frame_t){.steps = list->items, .count = list->count, .repeat = repeat};
}

static bool program_grow(program_t *program)
{
    if (program->count < program->room) {
        return true;
    }
    uint32_t room = program->room == 0 ? 8 : program->room * 2;
    vtdpi_step_t *steps = vtdpi_arena_alloc(program->resolve->reading->arena, room, sizeof *steps);
    if (steps == NULL) {
        return false;
    }
    if (program->count > 0) {
        memcpy(steps, program->steps, program->count * sizeof *steps);
    }
    program->steps = steps;
    program->room = room;
    return true;
}

static void program_step(program_t *program, const raw_step_t *raw)
{
    vtdpi_step_t *step = &program->steps[program->count++];
    *step = (vtdpi_step_t){
        .kind = (vtdpi_step_kind_t)raw->head.kind, .span = raw->span, .value = raw->value};
    if (raw->head.node == NULL || raw->head.bad != 0) {
        return;
    }
    if (step->kind == VTDPI_STEP_SEND_IPI) {
        step_ipi(program, &raw->ipi, step);
    } else if (step->kind == VTDPI_STEP_WRITE_MSI) {
        step_msi(program, &raw->msi, step);
    } else if (step->kind == VTDPI_STEP_REPEAT) {
        step->times = raw->repeat.times;
        program_enter(program, &raw->repeat.steps, program->count - 1);
    }
}

/* Copies one step or ends one body; false when all is done or memory is exhausted. */
static bool program_advance(program_t *program)
{
    program_frame_t *frame = &program->frame[program->depth - 1];
    if (frame->next < frame->count) {
        if (!program_grow(program)) {
            return false;
        }
        program_step(program, &frame->steps[frame->next++]);
        return true;
    }
    program->depth--;
    if (program->depth > 0) {
        program->steps[frame->repeat].body = program->count - frame->repeat - 1;
    }
    return program->depth > 0;
}

static void resolve_program(const vtdpi_resolve_t *resolve, const raw_vcpu_t *raw,
                            vtdpi_vcpu_cfg_t *vcpu)
{
    program_t program = {.resolve = resolve, .vm = vcpu->vm};
    program_enter(&program, &raw->program, 0);
    while (program.count <= VTDPI_RESOLVE_STEPS_MAX && program_advance(&program)) {
    }
    if (program.count > VTDPI_RESOLVE_STEPS_MAX) {
        vtdpi_diags_add(resolve->reading->diags, vtdpi_resolve_place(&raw->head, "program"), NULL,
                        "vms[].vcpus[].program: too many steps (expected at most %d)",
                        VTDPI_RESOLVE_STEPS_MAX);
    }
    vcpu->program = program.steps;
    vcpu->program_count = program.count;
}

static void resolve_handlers(const vtdpi_resolve_t *resolve, const raw_vcpu_t *raw,
                             vtdpi_vcpu_cfg_t *vcpu)
{
    const raw_handler_t *items = raw->handlers.items;
    vtdpi_handler_t *handlers =
        vtdpi_arena_alloc(resolve->reading->arena, raw->handlers.count, sizeof *handlers);
    uint64_t seen[VTDPI_VECTOR_WORDS] = {0};
    for (uint32_t i = 0; handlers != NULL && i < raw->handlers.count; i++) {
        handlers[i] = (vtdpi_handler_t){.vector = items[i].vector, .length = items[i].length};
        if (items[i].vector != 0 && vtdpi_set_has(seen, items[i].vector)) {
            vtdpi_diags_add(resolve->reading->diags, vtdpi_resolve_place(&items[i].head, "vector"),
                            NULL,
                            "vms[].vcpus[].handlers[].vector: vector 0x%02x has a handler already",
                            items[i].vector);
        }
        vtdpi_set_add(seen, items[i].vector);
    }
    vcpu->handlers = handlers;
    vcpu->handler_count = handlers == NULL ? 0 : raw->handlers.count;
}

void vtdpi_resolve_programs(const vtdpi_resolve_t *resolve, vtdpi_vcpu_cfg_t *vcpus)
{
    for (uint32_t i = 0; i < resolve->out->vcpu_count; i++) {
        const raw_vcpu_t *raw = resolve->vcpu_raw[i];
        if (i > 0 && raw == resolve->vcpu_raw[i - 1]) { /* one of `count` */
            vcpus[i].program = vcpus[i - 1].program;
            vcpus[i].program_count = vcpus[i - 1].program_count;
            vcpus[i].handlers = vcpus[i - 1].handlers;
            vcpus[i].handler_count = vcpus[i - 1].handler_count;
            continue;
        }
        resolve_program(resolve, raw, &vcpus[i]);
        resolve_handlers(resolve, raw, &vcpus[i]);
    }
}

/* --- events --- */

static void resolve_write_msi(const vtdpi_resolve_t *resolve, const raw_event_t *raw,
                              vtdpi_event_cfg_t *event)
{
    const vtdpi_interrupt_cfg_t *interrupt = &resolve->out->interrupts[event->interrupt];
    event->vcpu = interrupt->vcpu;
    if (!vtdpi_resolve_given(&raw->head, SECTION_event, "vector")) {
        event->vector = interrupt->vector;
    }
    if (raw->vcpu.text != NULL) {
        (void)vtdpi_resolve_vcpu(resolve, raw->vcpu, &event->vcpu);
    }
}

static void resolve_event(const vtdpi_resolve_t *resolve, const raw_event_t *raw,
                          vtdpi_event_cfg_t *event)
{
    *event = raw->cfg;
    event->kind = (vtdpi_event_kind_t)raw->head.kind;
    bool of_interrupt = event->kind == VTDPI_EVENT_WRITE_MSI || event->kind == VTDPI_EVENT_ATTACH ||
                        event->kind == VTDPI_EVENT_DETACH;
    if (event->kind == VTDPI_EVENT_NMI) {
        event->cpu = raw->nmi_cpu;
    } else if (!of_interrupt) {
        (void)vtdpi_resolve_vcpu(resolve, raw->who, &event->vcpu);
    } else if (vtdpi_resolve_interrupt(resolve, raw->who, &event->interrupt) &&
               event->kind == VTDPI_EVENT_WRITE_MSI) {
        resolve_write_msi(resolve, raw, event);
    }
}

void vtdpi_resolve_events(const vtdpi_resolve_t *resolve)
{
    const raw_event_t *items = resolve->raw->events.items;
    uint32_t count = resolve->raw->events.count;
    vtdpi_event_cfg_t *events = vtdpi_arena_alloc(resolve->reading->arena, count, sizeof *events);
    for (uint32_t i = 0; events != NULL && i < count; i++) {
        resolve_event(resolve, &items[i], &events[i]);
    }
    resolve->out->events = events;
    resolve->out->event_count = events == NULL ? 0 : count;
}
