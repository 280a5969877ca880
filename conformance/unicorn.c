/*
 * Runs single i386 instructions in Unicorn, for conformance/oracle.ts.
 *
 * Memory, flat, no paging: 64 KiB of data at 0 (page 8 missing, page 12
 * read-only) and 64 KiB of code at 0x100000. It lives on from case to case.
 *
 * Request:  u32 code address, u32 length, u32 repeats, 16 code bytes,
 *           8 registers, eflags
 * Answer:   i32 vector (-1: none), u32 eip, 8 registers, eflags,
 *           u32 count, then count times u32 address, size, low, high
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum { DATA = 0, DATA_SIZE = 0x10000, CODE = 0x100000, CODE_SIZE = 0x10000 };
enum { MISSING = 0x8000, READ_ONLY = 0xc000, PAGE = 0x1000, MOST = 1 << 16,
       TABLES = 0x300000 };

struct request {
  uint32_t address, length, repeats;
  uint8_t code[16];
  uint32_t reg[8], eflags;
};
struct answer { int32_t vector; uint32_t eip, reg[8], eflags, count; };
struct write { uint32_t address, size, low, high; };

static struct write writes[MOST];
static uint32_t count;
static int vector;

static const int regs[8] = {
  UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
  UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI,
};

static void on_write(uc_engine *uc, uc_mem_type type, uint64_t address,
                     int size, int64_t value, void *data)
{
  (void)uc; (void)type; (void)data;
  if (count == MOST) return;
  writes[count].address = address;
  writes[count].size = size;
  writes[count].low = value;
  writes[count].high = (uint64_t)value >> 32;
  count++;
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *data)
{
  (void)data;
  if (vector < 0) vector = number;
  uc_emu_stop(uc);
}

static void check(uc_err error, const char *what)
{
  if (error == UC_ERR_OK) return;
  fprintf(stderr, "%s: %s\n", what, uc_strerror(error));
  exit(1);
}

/* FS and GS at 0x300 and 0x500, through a table of their own. */
static void set_segments(uc_engine *uc)
{
  static const uint64_t table[] = {
    0, 0x00cf93000300ffff, 0x00cf93000500ffff, 0x00cf93000000ffff,
  };
  uc_x86_mmr gdtr = { 0, TABLES, sizeof table - 1, 0 };
  int fs = 0x08, gs = 0x10, flat = 0x18;
  check(uc_mem_map(uc, TABLES, PAGE, UC_PROT_ALL), "tables");
  check(uc_mem_write(uc, TABLES, table, sizeof table), "table");
  check(uc_reg_write(uc, UC_X86_REG_GDTR, &gdtr), "gdtr");
  check(uc_reg_write(uc, UC_X86_REG_SS, &flat), "ss");
  check(uc_reg_write(uc, UC_X86_REG_DS, &flat), "ds");
  check(uc_reg_write(uc, UC_X86_REG_ES, &flat), "es");
  check(uc_reg_write(uc, UC_X86_REG_FS, &fs), "fs");
  check(uc_reg_write(uc, UC_X86_REG_GS, &gs), "gs");
}

static uc_engine *start(uint8_t *data)
{
  uc_engine *uc;
  uc_hook hook;
  check(uc_open(UC_ARCH_X86, UC_MODE_32, &uc), "open");
  check(uc_mem_map(uc, DATA, MISSING, UC_PROT_ALL), "low");
  check(uc_mem_map(uc, MISSING + PAGE, READ_ONLY - MISSING - PAGE,
                   UC_PROT_ALL), "middle");
  check(uc_mem_map(uc, READ_ONLY, PAGE, UC_PROT_READ), "read-only");
  check(uc_mem_map(uc, READ_ONLY + PAGE, DATA_SIZE - READ_ONLY - PAGE,
                   UC_PROT_ALL), "high");
  check(uc_mem_map(uc, CODE, CODE_SIZE, UC_PROT_ALL), "code");
  for (uint32_t at = 0; at < DATA_SIZE; at += PAGE)
    if (at != MISSING) check(uc_mem_write(uc, at, data + at, PAGE), "data");
  set_segments(uc);
  check(uc_hook_add(uc, &hook, UC_HOOK_MEM_WRITE, on_write, NULL, 1, 0), "h");
  check(uc_hook_add(uc, &hook, UC_HOOK_INTR, on_interrupt, NULL, 1, 0), "i");
  return uc;
}

static int vector_of(uc_err error)
{
  switch (error) {
  case UC_ERR_OK: return -1;
  case UC_ERR_INSN_INVALID: return 6;
  case UC_ERR_READ_UNMAPPED: case UC_ERR_WRITE_UNMAPPED:
  case UC_ERR_WRITE_PROT: case UC_ERR_READ_PROT: return 14;
  /* only the instruction itself is asked for, not where it jumps to */
  case UC_ERR_FETCH_UNMAPPED: case UC_ERR_FETCH_PROT: return -1;
  default: return 255;
  }
}

static void run(uc_engine *uc, const struct request *q, struct answer *a)
{
  uint32_t eflags = q->eflags, eip = q->address;
  check(uc_mem_write(uc, q->address, q->code, 16), "code");
  uc_ctl_remove_cache(uc, q->address, q->address + 16);
  for (int i = 0; i < 8; i++) uc_reg_write(uc, regs[i], &q->reg[i]);
  uc_reg_write(uc, UC_X86_REG_EFLAGS, &eflags);
  uc_reg_write(uc, UC_X86_REG_EIP, &eip);
  count = 0;
  vector = -1;
  uc_err error = uc_emu_start(uc, q->address, q->address + q->length, 0,
                              q->repeats ? 0 : 1);
  a->vector = vector >= 0 ? vector : vector_of(error);
  uc_reg_read(uc, UC_X86_REG_EIP, &a->eip);
  for (int i = 0; i < 8; i++) uc_reg_read(uc, regs[i], &a->reg[i]);
  uc_reg_read(uc, UC_X86_REG_EFLAGS, &a->eflags);
  a->count = count;
}

int main(void)
{
  static uint8_t data[DATA_SIZE];
  struct request q;
  struct answer a;
  if (fread(data, 1, sizeof data, stdin) != sizeof data) return 1;
  uc_engine *uc = start(data);
  while (fread(&q, sizeof q, 1, stdin) == 1) {
    run(uc, &q, &a);
    fwrite(&a, sizeof a, 1, stdout);
    fwrite(writes, sizeof *writes, count, stdout);
    if (q.repeats & 2) fflush(stdout);
  }
  return 0;
}
