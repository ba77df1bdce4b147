// Where the vCPUs begin, and where they take interrupts.
// SPDX-License-Identifier: Apache-2.0 OR MIT

  .equ STACK, 0x4000

  .section .text.start, "ax"
  .global _start
_start:                         // vCPU 0, x0: what the board says
  mov x1, #0
  b 1f
  .global secondary_start
secondary_start:                // the others, x0: their number
  mov x1, x0
1:
  msr TPIDR_EL1, x1
  adr x2, vectors
  msr VBAR_EL1, x2
  adrp x3, stacks
  add x3, x3, :lo12:stacks
  add x4, x1, #1
  mov x5, #STACK
  madd x3, x4, x5, x3
  mov sp, x3
  isb
  cbnz x1, 2f
  bl primary
  b .
2:
  bl secondary
  b .

  // x0 to x3: an HVC with these arguments.
  .global hvc
hvc:
  hvc #0
  ret

  .balign 2048
vectors:
  .rept 5                       // SP_EL0: all four; SPx: synchronous
  b unexpected
  .balign 128
  .endr
  // 0x280: an IRQ at EL1 with its own stack pointer.
  sub sp, sp, #192
  stp x0, x1, [sp]
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  stp x8, x9, [sp, #64]
  stp x10, x11, [sp, #80]
  stp x12, x13, [sp, #96]
  stp x14, x15, [sp, #112]
  stp x16, x17, [sp, #128]
  stp x18, x30, [sp, #144]
  mrs x0, ELR_EL1
  mrs x1, SPSR_EL1
  stp x0, x1, [sp, #160]
  b interrupted
  .balign 128
  .rept 10
  b unexpected
  .balign 128
  .endr

interrupted:
  bl interrupt
  ldp x0, x1, [sp, #160]
  msr ELR_EL1, x0
  msr SPSR_EL1, x1
  ldp x0, x1, [sp]
  ldp x2, x3, [sp, #16]
  ldp x4, x5, [sp, #32]
  ldp x6, x7, [sp, #48]
  ldp x8, x9, [sp, #64]
  ldp x10, x11, [sp, #80]
  ldp x12, x13, [sp, #96]
  ldp x14, x15, [sp, #112]
  ldp x16, x17, [sp, #128]
  ldp x18, x30, [sp, #144]
  add sp, sp, #192
  eret

unexpected:
  mrs x0, ELR_EL1
  bl panic
  b .

  .section .bss
  .balign 16
stacks:
  .skip 64 * STACK
