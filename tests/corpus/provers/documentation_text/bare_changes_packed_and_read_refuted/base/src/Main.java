class Main { Object a = Main.class.getResource("/META-INF/CHANGES"); }
