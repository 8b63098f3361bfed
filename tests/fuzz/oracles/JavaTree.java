import com.sun.source.tree.*;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import com.sun.tools.javac.code.Flags;
import com.sun.tools.javac.tree.JCTree;
import java.io.*;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.*;
import javax.tools.*;

/**
 * Reads texts from stdin, each as "<bytes>\n<text>", and prints one line for each: a digest of what
 * javac's parser makes of it without positions and comments (whether documentation deprecates
 * something is kept), or "-" where it does not accept it.
 */
public class JavaTree extends TreeScanner<Void, Void> {
    final StringBuilder said = new StringBuilder();

    void say(Object... parts) {
        for (Object part : parts) {
            String text = String.valueOf(part);
            said.append(text.length()).append(':').append(text).append(';');
        }
    }

    @Override
    public Void scan(Tree tree, Void none) {
        if (tree == null) {
            say("null");
            return null;
        }
        say("(", tree.getKind());
        if (tree instanceof IdentifierTree t) say(t.getName());
        if (tree instanceof MemberSelectTree t) say(t.getIdentifier());
        if (tree instanceof MemberReferenceTree t) say(t.getMode(), t.getName());
        if (tree instanceof ClassTree t) say(t.getSimpleName());
        if (tree instanceof MethodTree t) say(t.getName());
        if (tree instanceof VariableTree t) say(t.getName());
        if (tree instanceof LiteralTree t) say(t.getValue() == null ? "null" : t.getValue().getClass(), t.getValue());
        if (tree instanceof PrimitiveTypeTree t) say(t.getPrimitiveTypeKind());
        if (tree instanceof LabeledStatementTree t) say(t.getLabel());
        if (tree instanceof BreakTree t) say(t.getLabel());
        if (tree instanceof ContinueTree t) say(t.getLabel());
        if (tree instanceof ImportTree t) say(t.isStatic());
        if (tree instanceof LambdaExpressionTree t) say(t.getBodyKind());
        if (tree instanceof CaseTree t) say(t.getCaseKind());
        if (tree instanceof BlockTree t) say(t.isStatic());
        if (tree instanceof JCTree.JCModifiers t) say(t.getFlags(), (t.flags & Flags.DEPRECATED) != 0);
        super.scan(tree, none);
        say(")");
        return null;
    }

    static String digest(JavaCompiler compiler, String text) throws Exception {
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///A.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignore) {
                return text;
            }
        };
        JavacTask task = (JavacTask) compiler.getTask(Writer.nullWriter(), null, found, List.of("-proc:none"), null, List.of(file));
        JavaTree scanner = new JavaTree();
        for (CompilationUnitTree unit : task.parse()) scanner.scan(unit, null);
        for (Diagnostic<?> one : found.getDiagnostics()) if (one.getKind() == Diagnostic.Kind.ERROR) return "-";
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(scanner.said.toString().getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash);
    }

    public static void main(String[] given) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        StringBuilder size = new StringBuilder();
        for (int next = in.read(); next >= 0; next = in.read()) {
            if (next != '\n') {
                size.append((char) next);
                continue;
            }
            byte[] raw = in.readNBytes(Integer.parseInt(size.toString()));
            size.setLength(0);
            System.out.println(digest(compiler, new String(raw, StandardCharsets.UTF_8)));
        }
    }
}
