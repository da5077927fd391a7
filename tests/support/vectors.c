#include "vectors.h"

#include "cmocka_all.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK = 1 << 16, NODES = 4096, EDITS = 4 };

/* A value and where it stands. */
typedef struct {
    json_t *value;
    json_t *parent;
    const char *key; /* NULL: an element of a list */
    size_t index;
    const char *name; /* the key, or that of the list */
} node_t;

typedef struct {
    node_t node[NODES];
    uint32_t count;
} nodes_t;

static void *or_abort(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void vectors_read(vectors_t *vectors, const char *path)
{
    gzFile file = gzopen(path, "rb");
    size_t size = 0;
    int count = 1;
    *vectors = (vectors_t){0};
    if (file == NULL) {
        (void)fprintf(stderr, "%s cannot be opened\n", path);
        abort();
    }
    while (count > 0) {
        vectors->text = or_abort(realloc(vectors->text, size + BLOCK + 1));
        count = gzread(file, vectors->text + size, BLOCK);
        size += count > 0 ? (size_t)count : 0;
    }
    if (count < 0 || gzclose(file) != Z_OK) {
        abort();
    }
    vectors->text[size] = '\0';
    for (char *line = vectors->text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        vectors->line = or_abort(
            realloc((void *)vectors->line, (vectors->count + 1) * sizeof vectors->line[0]));
        vectors->line[vectors->count++] = line;
    }
}

void vectors_free(vectors_t *vectors)
{
    free((void *)vectors->line);
    free(vectors->text);
}

static void node_add(nodes_t *nodes, node_t node)
{
    if (nodes->count < NODES) {
        nodes->node[nodes->count++] = node;
    }
}

static void children_add(nodes_t *nodes, json_t *container, const char *name)
{
    const char *key;
    size_t index;
    json_t *value;
    json_object_foreach(container, key, value)
    {
        node_add(nodes, (node_t){.value = value, .parent = container, .key = key, .name = key});
    }
    json_array_foreach(container, index, value)
    {
        node_add(nodes,
                 (node_t){.value = value, .parent = container, .index = index, .name = name});
    }
}

/* Adds all that is below those that are listed. */
static void nodes_expand(nodes_t *nodes)
{
    for (uint32_t i = 0; i < nodes->count; i++) {
        children_add(nodes, nodes->node[i].value, nodes->node[i].name);
    }
}

/* Lists the values below [root]. */
static void nodes_list(nodes_t *nodes, json_t *root)
{
    nodes->count = 0;
    children_add(nodes, root, "");
    nodes_expand(nodes);
}

static json_t *replacement(const nodes_t *nodes, vectors_choice_t *choose, void *state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "-1",
        "0",
        "1",
        "2",
        "7",
        "8",
        "255",
        "256",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "-9223372036854775807",
        "1.5",
        "1e300",
        "\"\"",
        "\"0x\"",
        "\"0\"",
        "\"zz\"",
        "\"guest\"",
        "\"host\"",
        "\"ffffffffffffffff\"",
        "\"0xffffffffffffffff\"",
        "\"ffffffff\"",
        "\"0x00000001\"",
        "\"-1\"",
        "\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"",
        "\"0000000000000000000000000000000000000000000000000000000000000001\"",
        "[]",
        "{}",
        "[0]",
        "[0,0]",
        "[[]]"};

    enum { TEXTS = sizeof texts / sizeof texts[0] };

    uint32_t choice = choose(state, 2 * TEXTS);
    if (choice < TEXTS) {
        return or_abort(json_loads(texts[choice], JSON_DECODE_ANY, NULL));
    }
    return or_abort(json_deep_copy(nodes->node[choose(state, nodes->count)].value));
}

static void edit(json_t *root, nodes_t *nodes, vectors_choice_t *choose, void *state)
{
    enum { REPLACE = 6, REMOVE, DOUBLE, WAYS };

    nodes_list(nodes, root);
    if (nodes->count == 0) {
        return;
    }
    const node_t *node = &nodes->node[choose(state, nodes->count)];
    uint32_t way = choose(state, WAYS);
    if (way == REMOVE && node->key != NULL) {
        (void)json_object_del(node->parent, node->key);
    } else if (way == REMOVE) {
        (void)json_array_remove(node->parent, node->index);
    } else if (way == DOUBLE && node->key == NULL) {
        (void)json_array_insert_new(node->parent, node->index,
                                    or_abort(json_deep_copy(node->value)));
    } else if (node->key != NULL) {
        (void)json_object_set_new(node->parent, node->key, replacement(nodes, choose, state));
    } else {
        (void)json_array_set_new(node->parent, node->index, replacement(nodes, choose, state));
    }
}

char *vectors_damage(const char *line, vectors_choice_t *choose, void *state)
{
    nodes_t *nodes = or_abort(malloc(sizeof *nodes));
    json_t *root = or_abort(json_loads(line, 0, NULL));
    for (uint32_t i = choose(state, EDITS) + 1; i > 0; i--) {
        edit(root, nodes, choose, state);
    }
    char *text = or_abort(json_dumps(root, JSON_COMPACT));
    json_decref(root);
    free(nodes);
    return text;
}

static void member_add(nodes_t *nodes, json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (value != NULL) {
        node_add(nodes, (node_t){.value = value, .parent = object, .key = key, .name = key});
    }
}

/* Lists the recorded values: of the vector, of its steps or boundaries. */
static void recorded_list(nodes_t *nodes, json_t *root)
{
    static const char *const lists[] = {"steps", "boundaries"};
    static const char *const keys[] = {"expect", "out", "accepted", "match_logical", "sender_esr"};
    nodes->count = 0;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        member_add(nodes, root, keys[i]);
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t index;
        json_t *value;
        json_array_foreach(json_object_get(root, lists[i]), index, value)
        {
            member_add(nodes, value, "ev");
            member_add(nodes, value, "st");
        }
    }
    nodes_expand(nodes);
}

/* Another value of the kind of [value], or NULL. */
static json_t *other(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = text != NULL ? strlen(text) : 0;
    if (json_is_integer(value)) {
        return json_integer(json_integer_value(value) ^ 1);
    }
    if (json_is_boolean(value)) {
        return json_boolean(!json_is_true(value));
    }
    if (length == 0 || strspn(text, "0123456789abcdefx") != length) {
        return NULL;
    }
    static const char digits[] = "0123456789abcdef";
    char *copy = or_abort(strdup(text));
    copy[length - 1] = digits[(size_t)(strchr(digits, copy[length - 1]) - digits) ^ 1U];
    json_t *changed = json_string(copy);
    free(copy);
    return changed;
}

char *vectors_change(const char *line, vectors_choice_t *choose, void *state,
                     char key[VECTORS_KEY_BYTES])
{
    enum { TRIES = 100 };

    nodes_t *nodes = or_abort(malloc(sizeof *nodes));
    json_t *root = or_abort(json_loads(line, 0, NULL));
    json_t *changed = NULL;
    char *text = NULL;
    recorded_list(nodes, root);
    for (int i = 0; i < TRIES && changed == NULL && nodes->count > 0; i++) {
        const node_t *node = &nodes->node[choose(state, nodes->count)];
        changed = other(node->value);
        if (changed == NULL) {
            continue;
        }
        (void)snprintf(key, VECTORS_KEY_BYTES, "%s", node->name);
        (void)(node->key != NULL ? json_object_set_new(node->parent, node->key, changed)
                                 : json_array_set_new(node->parent, node->index, changed));
        text = or_abort(json_dumps(root, JSON_COMPACT));
    }
    json_decref(root);
    free(nodes);
    return text;
}

static void verdict_note(void *context, const vtdpi_conform_result_t *result)
{
    *(vtdpi_conform_verdict_t *)context = result->verdict;
}

vtdpi_conform_verdict_t vectors_verdict(const char *text)
{
    vtdpi_conform_verdict_t out = VTDPI_CONFORM_VERDICTS;
    vtdpi_diags_t *diags = vtdpi_diags_new();
    assert_int_equal(vtdpi_conform_text(text, strlen(text), "vector", verdict_note, &out, diags),
                     VTDPI_OK);
    vtdpi_diags_free(diags);
    return out;
}
