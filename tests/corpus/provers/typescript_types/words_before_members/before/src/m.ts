export class Box {
  size = 1;
  open() {
    return this.size;
  }
}
