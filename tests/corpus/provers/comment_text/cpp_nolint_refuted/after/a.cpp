int a;  // NOLINT
