export const Item = (props: Props) => <li>{props.a}</li>;
