import * as React from 'react';
import type { Props } from './props';

interface State { open: boolean; at?: number }

export const Item = <T,>({ value, label }: Props<T> & { label: string }): JSX.Element => (
  <li className="a" onClick={(e: React.MouseEvent) => value!.toString()}>{label as string} text {value as any}</li>
);

export function List<T>(props: Props<T>): JSX.Element | null {
  const [state, set] = React.useState<State>({ open: false });
  const rows = props.rows as T[];
  if (!rows!.length) return null;
  return <ul>{rows.map((one: T) => <Item value={one} label={String(one)!} />)}{state.at ?? 0}</ul>;
}
