/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz: what the harnesses share.  Each defines LLVMFuzzerTestOneInput and is linked with libFuzzer, which invents
 * inputs (tests/fuzz/run.sh), or with replay.c, which takes them from files. */
#ifndef DICKEMAP_FUZZ_H
#define DICKEMAP_FUZZ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts with a message, to the standard error that the process was started with, unless what is claimed is true. */
void fuzz_claim(bool is_true, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Aborts if out of memory. The caller frees. */
void *fuzz_alloc(size_t bytes);

/* Nothing in it that a terminal would obey or take for the end of a line. */
bool fuzz_is_one_line(const char *text);

#endif
