#include "conform/conform_internal.h"

void conform_replay_senduipi(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}

void conform_replay_recognize(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}

void conform_replay_virtual_uinv(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}
