/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instead of libFuzzer: the inputs are the files named by the arguments, or all files in a folder among them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static int n_inputs;

static void replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  fuzz_claim(file && fseek(file, 0, SEEK_END) == 0, "%s: %s", path, strerror(errno));
  long size = ftell(file);
  fuzz_claim(size >= 0, "%s: %s", path, strerror(errno));
  rewind(file);
  uint8_t *data = fuzz_alloc(size > 0 ? (size_t)size : 1);
  fuzz_claim(fread(data, 1, (size_t)size, file) == (size_t)size, "%s: cannot be read", path);
  fclose(file);
  printf("%s\n", path);
  fflush(stdout);
  LLVMFuzzerTestOneInput(data, (size_t)size);
  free(data);
  n_inputs++;
}

static void replay_folder(const char *path) {
  struct dirent **entries;
  int n = scandir(path, &entries, NULL, alphasort);
  fuzz_claim(n >= 0, "%s: %s", path, strerror(errno));
  for (int i = 0; i < n; i++) {
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.') replay_file(name);
    free(entries[i]);
  }
  free(entries);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    struct stat info;
    fuzz_claim(stat(argv[i], &info) == 0, "%s: %s", argv[i], strerror(errno));
    if (S_ISDIR(info.st_mode))
      replay_folder(argv[i]);
    else
      replay_file(argv[i]);
  }
  fuzz_claim(n_inputs > 0, "no input to replay");
  printf("%d inputs\n", n_inputs);
  return 0;
}
