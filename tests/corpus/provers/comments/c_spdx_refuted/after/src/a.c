// SPDX-License-Identifier: ISC
int a;
