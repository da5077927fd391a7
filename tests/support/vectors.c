#include "vectors.h"

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

/* Lists the values in and below [root], which is not among them. */
static void nodes_list(nodes_t *nodes, json_t *root)
{
    json_t *container = root;
    nodes->count = 0;
    for (uint32_t i = 0;; container = nodes->node[i++].value) {
        const char *key;
        size_t index;
        json_t *value;
        json_object_foreach(container, key, value)
        {
            node_add(nodes, (node_t){.value = value, .parent = container, .key = key});
        }
        json_array_foreach(container, index, value)
        {
            node_add(nodes, (node_t){.value = value, .parent = container, .index = index});
        }
        if (i == nodes->count) {
            return;
        }
    }
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
