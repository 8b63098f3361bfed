export const rows = new Map<string, string>();
read<number>(rows);
