export const Item = (props: Props & More): JSX.Element => <li>{props.a}</li>;
