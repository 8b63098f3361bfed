export class Box implements Openable {
  private readonly size: number = 1;
  protected open(): number {
    return this.size;
  }
}
