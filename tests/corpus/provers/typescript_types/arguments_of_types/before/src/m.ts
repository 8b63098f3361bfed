export const rows = new Map<string, number>();
read<string>(rows);
