package a;

import org.junit.*;

public class RowsTest {
  @Test
  public void sorts() {
    Assume
      .assumeNotNull(name);
    assertEquals(1, rows(1));
  }
}
