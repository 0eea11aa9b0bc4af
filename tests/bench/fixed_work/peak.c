/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints the fused multiply-add peak of one core in GFLOP/s: ten independent chains of
 * vectors, long enough to hide the latency. */
#include "workload.h"

typedef double vec __attribute__((vector_size(WIDTH * sizeof(double))));

int main(void) {
  enum { CHAINS = 12, REPEATS = 20000000 };
  double best = 0.0;
  for (int round = 0; round < 5; round++) {
    vec a[CHAINS], factor, term;
    for (int i = 0; i < WIDTH; i++) factor[i] = 0.999999, term[i] = 1e-9;
    for (int i = 0; i < CHAINS; i++) a[i] = term * (double)i;
    double begin = cpu_seconds();
    for (long j = 0; j < REPEATS; j++) {
#pragma GCC unroll 12
      for (int i = 0; i < CHAINS; i++) a[i] = a[i] * factor + term;
      __asm__ volatile(""
                       : "+v"(a[0]), "+v"(a[1]), "+v"(a[2]), "+v"(a[3]), "+v"(a[4]), "+v"(a[5]), "+v"(a[6]),
                         "+v"(a[7]), "+v"(a[8]), "+v"(a[9]), "+v"(a[10]), "+v"(a[11]));
    }
    best = fmax(best, 2.0 * CHAINS * WIDTH * REPEATS / (cpu_seconds() - begin) * 1e-9);
  }
  printf("%.1f\n", best);
}
