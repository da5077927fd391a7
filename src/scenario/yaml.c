#include "scenario/node.h"

#include <inttypes.h>
#include <string.h>
#include <yaml.h>

/* A map or list that is being read, with its items so far. */
typedef struct {
    vtdpi_node_t *node;
    const vtdpi_node_t **items;
    uint32_t count;
    uint32_t room;
} yaml_frame_t;

typedef struct {
    const char *name;
    const vtdpi_node_t *node;
} yaml_anchor_t;

typedef struct {
    vtdpi_arena_t *arena;
    vtdpi_diags_t *diags;
    const char *file;
    yaml_frame_t frame[VTDPI_YAML_DEPTH_MAX];
    uint32_t depth;
    yaml_anchor_t anchor[VTDPI_YAML_ALIASES_MAX];
    uint32_t anchor_count;
    uint32_t alias_count;
    uint32_t node_count;
    uint32_t document_count;
    const vtdpi_node_t *root;
} yaml_reader_t;

static vtdpi_position_t place_of(const yaml_reader_t *reader, yaml_mark_t mark)
{
    return (vtdpi_position_t){
        .file = reader->file, .line = (uint32_t)mark.line + 1, .column = (uint32_t)mark.column + 1};
}

/* Says what is wrong and stops the reading. */
static bool refuse(const yaml_reader_t *reader, vtdpi_position_t place, const char *message)
{
    vtdpi_diags_add(reader->diags, place, NULL, "%s", message);
    return false;
}

static bool count_nodes(yaml_reader_t *reader, vtdpi_position_t place, uint32_t size)
{
    reader->node_count += size;
    if (reader->node_count > VTDPI_YAML_NODES_MAX) {
        vtdpi_diags_add(reader->diags, place, NULL,
                        "too many values (expected at most %d, aliases expanded)",
                        VTDPI_YAML_NODES_MAX);
        return false;
    }
    return true;
}

static vtdpi_node_t *node_new(yaml_reader_t *reader, vtdpi_node_kind_t kind, vtdpi_position_t place)
{
    vtdpi_node_t *node = vtdpi_arena_alloc(reader->arena, 1, sizeof *node);
    if (node != NULL) {
        node->kind = kind;
        node->place = place;
        node->size = 1;
    }
    return node;
}

static bool frame_push(yaml_reader_t *reader, yaml_frame_t *frame, const vtdpi_node_t *node)
{
    if (frame->count == frame->room) {
        uint32_t room = frame->room == 0 ? 8 : frame->room * 2;
        const vtdpi_node_t **items =
            vtdpi_arena_alloc(reader->arena, room, sizeof(const vtdpi_node_t *));
        if (items == NULL) {
            return false;
        }
        if (frame->count > 0) {
            memcpy((void *)items, (const void *)frame->items,
                   frame->count * sizeof(const vtdpi_node_t *));
        }
        frame->items = items;
        frame->room = room;
    }
    frame->items[frame->count++] = node;
    return true;
}

/* Puts a finished or started node where it belongs: into the open map or list, or at the root. */
static bool attach(yaml_reader_t *reader, const vtdpi_node_t *node)
{
    if (reader->depth == 0) {
        reader->root = node;
        return true;
    }
    yaml_frame_t *frame = &reader->frame[reader->depth - 1];
    bool is_key = frame->node->kind == VTDPI_NODE_MAP && frame->count % 2 == 0;
    if (is_key && node->kind != VTDPI_NODE_SCALAR) {
        return refuse(reader, node->place, "a key must be a text");
    }
    if (is_key && frame->count >= 2 * (uint32_t)VTDPI_YAML_KEYS_MAX) {
        return refuse(reader, node->place, "too many keys in one map (expected at most 256)");
    }
    return frame_push(reader, frame, node);
}

static bool anchor_add(yaml_reader_t *reader, const yaml_char_t *name, const vtdpi_node_t *node)
{
    const char *text = (const char *)name;
    if (text == NULL) {
        return true;
    }
    if (reader->anchor_count == VTDPI_YAML_ALIASES_MAX) {
        return refuse(reader, node->place, "too many anchors (expected at most 1000)");
    }
    char *copy = vtdpi_arena_text(reader->arena, text, strlen(text));
    reader->anchor[reader->anchor_count++] = (yaml_anchor_t){.name = copy, .node = node};
    return copy != NULL;
}

static const vtdpi_node_t *anchor_find(const yaml_reader_t *reader, const char *name)
{
    for (uint32_t i = reader->anchor_count; i > 0; i--) {
        if (strcmp(reader->anchor[i - 1].name, name) == 0) {
            return reader->anchor[i - 1].node;
        }
    }
    return NULL;
}

static bool on_alias(yaml_reader_t *reader, const yaml_event_t *event)
{
    vtdpi_position_t place = place_of(reader, event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    const vtdpi_node_t *node = anchor_find(reader, name);
    if (node == NULL) {
        vtdpi_diags_add(reader->diags, place, NULL, "alias \"%s\" has no anchor before it", name);
        return false;
    }
    if (node->open) {
        vtdpi_diags_add(reader->diags, place, NULL, "alias \"%s\" stands inside its own anchor",
                        name);
        return false;
    }
    if (++reader->alias_count > VTDPI_YAML_ALIASES_MAX) {
        return refuse(reader, place, "too many aliases (expected at most 1000)");
    }
    return count_nodes(reader, place, node->size) && attach(reader, node);
}

static bool text_is_clean(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool on_scalar(yaml_reader_t *reader, const yaml_event_t *event)
{
    vtdpi_position_t place = place_of(reader, event->start_mark);
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (event->data.scalar.tag != NULL) {
        return refuse(reader, place, "tags (!) are not supported");
    }
    if (!text_is_clean(text, length)) {
        return refuse(reader, place, "a text must be one line without control characters");
    }
    vtdpi_node_t *node = node_new(reader, VTDPI_NODE_SCALAR, place);
    if (node == NULL) {
        return false;
    }
    node->text = vtdpi_arena_text(reader->arena, text, length);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return node->text != NULL && anchor_add(reader, event->data.scalar.anchor, node) &&
           count_nodes(reader, place, 1) && attach(reader, node);
}

static bool on_start(yaml_reader_t *reader, const yaml_event_t *event)
{
    bool map = event->type == YAML_MAPPING_START_EVENT;
    vtdpi_position_t place = place_of(reader, event->start_mark);
    const yaml_char_t *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    const yaml_char_t *anchor =
        map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    if (tag != NULL) {
        return refuse(reader, place, "tags (!) are not supported");
    }
    if (reader->depth == VTDPI_YAML_DEPTH_MAX) {
        vtdpi_diags_add(reader->diags, place, NULL,
                        "nested too deeply (expected at most %d levels)", VTDPI_YAML_DEPTH_MAX);
        return false;
    }
    vtdpi_node_t *node = node_new(reader, map ? VTDPI_NODE_MAP : VTDPI_NODE_LIST, place);
    if (node == NULL || !anchor_add(reader, anchor, node) || !count_nodes(reader, place, 1) ||
        !attach(reader, node)) {
        return false;
    }
    node->open = true;
    reader->frame[reader->depth++] = (yaml_frame_t){.node = node};
    return true;
}

static const vtdpi_node_t *frame_find(const yaml_frame_t *frame, const char *key)
{
    for (uint32_t i = 0; i + 1 < frame->count; i += 2) {
        if (strcmp(frame->items[i]->text, key) == 0) {
            return frame->items[i];
        }
    }
    return NULL;
}

/* Copies into [frame] what map [other] has and frame has not. */
static bool merge_map(yaml_reader_t *reader, yaml_frame_t *frame, const vtdpi_node_t *other)
{
    for (uint32_t i = 0; i + 1 < other->count; i += 2) {
        if (frame_find(frame, other->items[i]->text) != NULL) {
            continue;
        }
        if (frame->count >= 2 * (uint32_t)VTDPI_YAML_KEYS_MAX) {
            return refuse(reader, frame->node->place,
                          "too many keys in one map (expected at most 256)");
        }
        if (!frame_push(reader, frame, other->items[i]) ||
            !frame_push(reader, frame, other->items[i + 1])) {
            return false;
        }
    }
    return true;
}

static bool merge_value(yaml_reader_t *reader, yaml_frame_t *frame, const vtdpi_node_t *value)
{
    const vtdpi_node_t *const *maps = value->kind == VTDPI_NODE_LIST ? value->items : &value;
    uint32_t count = value->kind == VTDPI_NODE_LIST ? value->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        if (maps[i]->kind != VTDPI_NODE_MAP) {
            return refuse(reader, maps[i]->place, "<< takes a map or a list of maps");
        }
        if (!merge_map(reader, frame, maps[i])) {
            return false;
        }
    }
    return true;
}

static bool is_merge_key(const vtdpi_node_t *key)
{
    return key->plain && strcmp(key->text, "<<") == 0;
}

/* Keeps the first of equal keys, reports the others, and applies << last, so that own keys win. */
static bool map_finish(yaml_reader_t *reader, yaml_frame_t *frame)
{
    yaml_frame_t clean = {.node = frame->node};
    for (uint32_t i = 0; i + 1 < frame->count; i += 2) {
        const vtdpi_node_t *key = frame->items[i];
        const vtdpi_node_t *first = is_merge_key(key) ? NULL : frame_find(&clean, key->text);
        if (first != NULL) {
            vtdpi_diags_add(reader->diags, key->place, NULL,
                            "duplicate key \"%s\" (first on line %" PRIu32 ")", key->text,
                            first->place.line);
        } else if (!is_merge_key(key) && (!frame_push(reader, &clean, key) ||
                                          !frame_push(reader, &clean, frame->items[i + 1]))) {
            return false;
        }
    }
    for (uint32_t i = 0; i + 1 < frame->count; i += 2) {
        if (is_merge_key(frame->items[i]) && !merge_value(reader, &clean, frame->items[i + 1])) {
            return false;
        }
    }
    *frame = clean;
    return true;
}

static bool on_end(yaml_reader_t *reader)
{
    yaml_frame_t *frame = &reader->frame[reader->depth - 1];
    if (frame->node->kind == VTDPI_NODE_MAP && !map_finish(reader, frame)) {
        return false;
    }
    vtdpi_node_t *node = frame->node;
    node->items = frame->items;
    node->count = frame->count;
    node->open = false;
    for (uint32_t i = 0; i < node->count; i++) {
        node->size += node->items[i]->size;
    }
    reader->depth--;
    return true;
}

static bool on_event(yaml_reader_t *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++reader->document_count == 1 || refuse(reader, place_of(reader, event->start_mark),
                                                       "a second document (expected one)");
    case YAML_ALIAS_EVENT:
        return on_alias(reader, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return on_start(reader, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(reader);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

/* libyaml gives a byte offset, and no mark, for text that is not UTF-8. */
static vtdpi_position_t place_at_offset(const yaml_reader_t *reader, const char *text,
                                        size_t offset)
{
    vtdpi_position_t place = {.file = reader->file, .line = 1, .column = 1};
    for (size_t i = 0; i < offset; i++) {
        place.line += text[i] == '\n' ? 1 : 0;
        place.column = text[i] == '\n' ? 1 : place.column + 1;
    }
    return place;
}

static void on_syntax_error(const yaml_reader_t *reader, const yaml_parser_t *parser,
                            const char *text, size_t length)
{
    const char *problem = parser->problem == NULL ? "not readable" : parser->problem;
    vtdpi_position_t place = place_of(reader, parser->problem_mark);
    if (parser->error == YAML_READER_ERROR) {
        size_t offset = parser->problem_offset < length ? parser->problem_offset : length;
        place = place_at_offset(reader, text, offset);
    }
    if (parser->context == NULL) {
        vtdpi_diags_add(reader->diags, place, NULL, "not YAML: %s", problem);
        return;
    }
    vtdpi_diags_add(reader->diags, place, NULL, "not YAML: %s, %s that starts on line %zu", problem,
                    parser->context, parser->context_mark.line + 1);
}

/* One step of the parser; false at the end of the text and after an error. */
static bool read_event(yaml_reader_t *reader, yaml_parser_t *parser, const char *text,
                       size_t length, bool *good)
{
    yaml_event_t event;
    if (yaml_parser_parse(parser, &event) == 0) {
        if (parser->error == YAML_MEMORY_ERROR) {
            reader->arena->failed = true;
        } else {
            on_syntax_error(reader, parser, text, length);
        }
        *good = false;
        return false;
    }
    *good = on_event(reader, &event);
    bool more = event.type != YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    return more && *good;
}

static bool read_all(yaml_reader_t *reader, const char *text, size_t length)
{
    yaml_parser_t parser;
    bool good = true;
    if (yaml_parser_initialize(&parser) == 0) {
        reader->arena->failed = true;
        return false;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (read_event(reader, &parser, text, length, &good)) {
    }
    yaml_parser_delete(&parser);
    return good;
}

const vtdpi_node_t *vtdpi_yaml_read(vtdpi_arena_t *arena, vtdpi_diags_t *diags, const char *file,
                                    const char *text, size_t length)
{
    vtdpi_position_t whole = {.file = file};
    if (length > VTDPI_YAML_BYTES_MAX) {
        vtdpi_diags_add(diags, whole, NULL, "too large (expected at most 16 MiB)");
        return NULL;
    }
    yaml_reader_t *reader = vtdpi_arena_alloc(arena, 1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->arena = arena;
    reader->diags = diags;
    reader->file = file;
    if (!read_all(reader, text, length)) {
        return NULL;
    }
    if (reader->root == NULL || vtdpi_node_is_null(reader->root)) {
        vtdpi_diags_add(diags, whole, NULL, "the file is empty");
        return NULL;
    }
    return reader->root;
}
