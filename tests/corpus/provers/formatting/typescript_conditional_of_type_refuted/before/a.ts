const r = x as T
  ? +y : z;
