/*
 * Runs single i386 instructions in Unicorn, for conformance/oracle.ts.
 *
 * Memory, flat, no paging: 64 KiB of data at 0 (page 8 missing, page 12
 * read-only), code at 1 MiB, the tables of world.ts at 2 MiB. Exceptions are
 * not delivered but told. Memory lives on from case to case.
 *
 * First: 64 KiB of data, u32 size of the tables, the tables.
 * Request, answer: the structures of protocol.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>
#include "protocol.h"

enum { TABLES = 0x200000, TABLES_SIZE = 0x10000, GDT_LIMIT = 0x7f,
       LOCAL = 0x201000, LOCAL_LIMIT = 14 * 8 - 1, INTERRUPTS = 0x202000,
       TASK = 0x203000, LOCAL_SELECTOR = 0x40, TASK_SELECTOR = 0x48 };
enum { REPEATS = 1, LAST = 2, MOST = 1 << 16 };

static uint8_t data[DATA_SIZE];
static struct write writes[MOST];
static uint32_t count;
static int vector;
static uint8_t tables[TABLES_SIZE];

static const int regs[8] = {
  UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
  UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI,
};
static const int segs[6] = {
  UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS, UC_X86_REG_DS,
  UC_X86_REG_FS, UC_X86_REG_GS,
};

static void on_write(uc_engine *uc, uc_mem_type type, uint64_t address,
                     int size, int64_t value, void *user)
{
  (void)uc; (void)type; (void)user;
  if (count == MOST) return;
  writes[count].address = address;
  writes[count].size = size;
  writes[count].low = value;
  writes[count].high = (uint64_t)value >> 32;
  count++;
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *user)
{
  (void)user;
  if (vector < 0) vector = number;
  uc_emu_stop(uc);
}

static void check(uc_err error, const char *what)
{
  if (error == UC_ERR_OK) return;
  fprintf(stderr, "%s: %s\n", what, uc_strerror(error));
  exit(1);
}

static void set(uc_engine *uc, int reg, uint32_t value)
{
  uint64_t wide = value;
  check(uc_reg_write(uc, reg, &wide), "register");
}

static uint32_t get(uc_engine *uc, int reg)
{
  uint64_t wide = 0;
  check(uc_reg_read(uc, reg, &wide), "register");
  return wide;
}

/* Ring 0, flat, with the tables of world.ts. */
static void set_system(uc_engine *uc)
{
  uc_x86_mmr gdtr = { 0, TABLES, GDT_LIMIT, 0 };
  uc_x86_mmr idtr = { 0, INTERRUPTS, 0x7ff, 0 };
  uc_x86_mmr ldtr = { LOCAL_SELECTOR, LOCAL, LOCAL_LIMIT, 0x8200 };
  uc_x86_mmr tr = { TASK_SELECTOR, TASK, 0x67, 0x8b00 };
  check(uc_reg_write(uc, UC_X86_REG_GDTR, &gdtr), "gdtr");
  check(uc_reg_write(uc, UC_X86_REG_IDTR, &idtr), "idtr");
  check(uc_reg_write(uc, UC_X86_REG_LDTR, &ldtr), "ldtr");
  check(uc_reg_write(uc, UC_X86_REG_TR, &tr), "tr");
  set(uc, UC_X86_REG_CR4, 0x600);
}

static void map(uc_engine *uc, uint32_t from, uint32_t to, int protection)
{
  check(uc_mem_map(uc, from, to - from, protection), "map");
}

static uc_engine *start(void)
{
  uc_engine *uc;
  uc_hook hook;
  check(uc_open(UC_ARCH_X86, UC_MODE_32, &uc), "open");
  /* a jump may lead into the data, and Unicorn dies of some random code */
  map(uc, 0, MISSING, UC_PROT_READ | UC_PROT_WRITE);
  map(uc, MISSING + PAGE, READ_ONLY, UC_PROT_READ | UC_PROT_WRITE);
  map(uc, READ_ONLY, READ_ONLY + PAGE, UC_PROT_READ);
  map(uc, READ_ONLY + PAGE, DATA_SIZE, UC_PROT_READ | UC_PROT_WRITE);
  map(uc, CODE, CODE + CODE_SIZE, UC_PROT_ALL);
  map(uc, TABLES, TABLES + TABLES_SIZE, UC_PROT_ALL);
  for (uint32_t at = 0; at < DATA_SIZE; at += PAGE)
    if (at != MISSING) check(uc_mem_write(uc, at, data + at, PAGE), "data");
  check(uc_mem_write(uc, TABLES, tables, sizeof tables), "tables");
  set_system(uc);
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

static void poke(uc_engine *uc, const struct poke *p)
{
  check(uc_mem_write(uc, p->address, &p->value, 4), "poke");
  memcpy(data + p->address, &p->value, 4);
}

static void load(uc_engine *uc, const struct request *q)
{
  check(uc_mem_write(uc, q->address, q->code, 16), "code");
  uc_ctl_remove_cache(uc, q->address, q->address + 16);
  for (int i = 0; i < 4; i++)
    if (q->pokes[i].address != ~0u)
      poke(uc, &q->pokes[i]);
  for (int i = 0; i < 6; i++)
    if (i != 1 && get(uc, segs[i]) != q->segments[i])
      set(uc, segs[i], q->segments[i]);
  for (int i = 0; i < 8; i++) set(uc, regs[i], q->reg[i]);
  set(uc, UC_X86_REG_EFLAGS, q->eflags);
  set(uc, UC_X86_REG_EIP, q->eip);
}

static void run(uc_engine *uc, const struct request *q, struct answer *a)
{
  count = 0;
  vector = -1;
  uc_err error = uc_emu_start(uc, q->eip, q->eip + q->length, 0,
                              q->kind & REPEATS ? 0 : 1);
  a->vector = vector >= 0 ? vector : vector_of(error);
  a->code = -1; /* it does not say */
  a->cr2 = get(uc, UC_X86_REG_CR2);
  a->eip = get(uc, UC_X86_REG_EIP);
  for (int i = 0; i < 8; i++) a->reg[i] = get(uc, regs[i]);
  for (int i = 0; i < 6; i++) a->segments[i] = get(uc, segs[i]) & 0xffff;
  /* flat from the start, under no name */
  a->segments[1] = q->segments[1];
  a->eflags = get(uc, UC_X86_REG_EFLAGS);
  a->count = count;
}

static int may_write(uint32_t at)
{
  uint32_t page = at & -PAGE;
  return at < DATA_SIZE && page != MISSING && page != READ_ONLY;
}

/* A write over the edge of a page fails, but half of it has been done. */
static void undo_halves(uc_engine *uc)
{
  for (uint32_t n = 0; n < count; n++) {
    uint32_t at = writes[n].address, size = writes[n].size;
    int whole = may_write(at) && may_write(at + size - 1);
    for (uint32_t i = at; i != at + size; i++) {
      if (!may_write(i)) continue;
      if (whole) uc_mem_read(uc, i, data + i, 1);
      else uc_mem_write(uc, i, data + i, 1);
    }
  }
}

static void need(void *to, size_t size)
{
  if (fread(to, 1, size, stdin) != size) exit(0);
}

int main(void)
{
  struct request q;
  struct answer a;
  uint32_t size;
  need(data, sizeof data);
  need(&size, sizeof size);
  need(tables, size);
  uc_engine *uc = start();
  for (;;) {
    need(&q, sizeof q);
    load(uc, &q);
    run(uc, &q, &a);
    undo_halves(uc);
    fwrite(&a, sizeof a, 1, stdout);
    fwrite(writes, sizeof *writes, count, stdout);
    if (q.kind & LAST) fflush(stdout);
  }
}
