#include "scenario/node.h"

#include <string.h>

static const vtdpi_node_t *node_find(const vtdpi_node_t *node, const char *key, uint32_t which)
{
    if (node == NULL || node->kind != VTDPI_NODE_MAP) {
        return NULL;
    }
    for (uint32_t i = 0; i + 1 < node->count; i += 2) {
        if (strcmp(node->items[i]->text, key) == 0) {
            return node->items[i + which];
        }
    }
    return NULL;
}

const vtdpi_node_t *vtdpi_node_get(const vtdpi_node_t *node, const char *key)
{
    return node_find(node, key, 1);
}

const vtdpi_node_t *vtdpi_node_get_key(const vtdpi_node_t *node, const char *key)
{
    return node_find(node, key, 0);
}

bool vtdpi_node_is_null(const vtdpi_node_t *node)
{
    return node->kind == VTDPI_NODE_SCALAR && node->plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}
