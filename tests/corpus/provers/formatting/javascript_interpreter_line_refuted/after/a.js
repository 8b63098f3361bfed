#!/usr/bin/env node
f(1);
