package a;

import org.junit.*;

public class RowsTest {
  @Test
  public void sorts() {
    assertEquals(1, rows(1));
  }
}
